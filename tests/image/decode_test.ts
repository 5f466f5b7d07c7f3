/** What decodeImage rejects, and that its Workers neither leak nor crash. */
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { closeDecoders, decodeImage } from "../../src/image/decode.ts";
import { encodeGrayPng, encodeJpeg } from "../../src/image/encode.ts";
import { joinBytes } from "../../src/bytes.ts";
import { MAX_BYTES } from "../../src/image/limits.ts";
import { pngChunk, pngClaiming } from "../support/image_files.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };

function fixture(name: string): Uint8Array {
  const found = fixtures.find((entry) => entry.name === name);
  assert.ok(found, name);
  return Uint8Array.fromBase64(found.file);
}

const text = (content: string) => new TextEncoder().encode(content);

const FOREIGN: [string, Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(0xff)],
  ["an SVG", text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')],
  ["a PDF", text("%PDF-1.7\n")],
  ["an ImageMagick script", text('<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>')],
  ["a text", text("push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/'\npop graphic-context")],
  ["a name that ImageMagick would open", text("@/etc/passwd")],
  ["a DICOM file", joinBytes([new Uint8Array(128), text("DICM")])],
];

for (const [name, bytes] of FOREIGN) {
  Deno.test(`decodeImage: rejects ${name}`, async () => {
    await assert.rejects(decodeImage(bytes), (error: Error) => {
      assert.ok(error instanceof SyntaxError, error.name);
      assert.match(
        error.message,
        /^Cannot decode the image: .*\nhint: JPEG, PNG, .* are supported; /s,
      );
      return true;
    });
  });
}

for (const name of ["JPEG RGB", "PNG RGB", "TIFF RGB deflate", "BMP RGB", "WebP lossless"]) {
  Deno.test(`decodeImage: rejects ${name} truncated anywhere`, async () => {
    const whole = fixture(name);
    await decodeImage(whole);
    for (let length = whole.length - 1; length > 0; length = Math.floor(length * 0.8)) {
      await assert.rejects(decodeImage(whole.slice(0, length)), SyntaxError, `${length} of ${whole.length}`);
    }
  });
}

/** A copy of a file with some of its bytes replaced. */
function patched(bytes: Uint8Array, at: number, values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** Where the value of a tag stands in the first directory of a little-endian TIFF. */
function tiffTag(bytes: Uint8Array, tag: number): number {
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(directory, true); i++) {
    const at = directory + 2 + 12 * i;
    if (view.getUint16(at, true) === tag) return at + 8;
  }
  throw new Error(`no tag ${tag}`);
}

function claimingTiff(tag: number, value: number[]): Uint8Array {
  const bytes = fixture("TIFF RGB");
  return patched(bytes, tiffTag(bytes, tag), value);
}

const jpeg = fixture("JPEG RGB");
const frame = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0);
const zeros = deflateSync(new Uint8Array(5e7));

const GREEDY: [string, Uint8Array, RegExp][] = [
  ["a PNG of 2.5e9 pixels", pngClaiming(50_000, 50_000), /50000 x 50000/],
  ["a PNG one pixel too wide", pngClaiming(8193, 1), /8193 x 1/],
  ["a PNG of too many pixels", pngClaiming(8000, 4001), /8000 x 4001/],
  ["a PNG of too many samples", pngClaiming(8000, 4000, { bitDepth: 16, colorType: 6 }), /samples/],
  ["a JPEG of 4e9 pixels", patched(jpeg, frame + 5, [0xff, 0xff, 0xff, 0xff]), /65535 x 65535/],
  ["a TIFF of 4e9 pixels", claimingTiff(257, [0xff, 0xff, 0xff, 0x7f]), /13 x 2147483647/],
  ["a BMP of 4e9 pixels", patched(fixture("BMP RGB"), 18, [0, 0, 1, 0, 0, 0, 1, 0]), /65536 x 65536/],
  ["a TIFF of 200 samples per pixel", claimingTiff(277, [200, 0]), /200 samples/],
  ["a file of too many bytes", new Uint8Array(MAX_BYTES + 1), /bytes: at most/],
];

for (const [name, bytes, message] of GREEDY) {
  Deno.test(`decodeImage: rejects ${name} by its header`, async () => {
    // Only the check of the header has an error like this; a decoder would take seconds and gigabytes.
    await assert.rejects(decodeImage(bytes), (error: Error) => {
      assert.ok(error instanceof RangeError, `${error.name}: ${error.message}`);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("decodeImage: does not inflate chunks that the pixels do not need", async () => {
  const texts = pngChunk("zTXt", joinBytes([text("a\0\0"), zeros]));
  const profile = pngChunk("iCCP", joinBytes([text("a\0\0"), zeros]));
  const image = await decodeImage(pngClaiming(4, 4, { bytes: 20, extra: [texts, profile] }));
  assert.deepEqual(image.data, new Uint8Array(48));
  await assert.rejects(decodeImage(pngClaiming(4, 4, { bytes: 5e7 })), /longer than its size requires/);
  await assert.rejects(decodeImage(pngClaiming(8000, 4000, { bytes: 100 })), /truncated after 100/);
});

Deno.test("decodeImage: rejects a JPEG of hundreds of scans", async () => {
  const progressive = fixture("JPEG RGB 4:2:0 progressive");
  const end = progressive.length - 2;
  const scan = progressive.findLastIndex((byte, at) => byte === 0xff && progressive[at + 1] === 0xda);
  const scans = Array.from({ length: 300 }, () => progressive.subarray(scan, end));
  const bomb = joinBytes([progressive.subarray(0, end), ...scans, progressive.subarray(end)]);
  await assert.rejects(decodeImage(bomb), (error: Error) => {
    assert.ok(error instanceof RangeError);
    assert.match(error.message, /more than 64 scans/);
    return true;
  });
});

Deno.test("decodeImage: rejects samples that no decoder reads, with a way out", async () => {
  const bytes = fixture("TIFF gray 16 bits");
  const bits = patched(bytes, tiffTag(bytes, 258), [24, 0]);
  await assert.rejects(
    decodeImage(bits),
    /of unsigned 24-bit samples, .*\nhint: save it as integers of 8 or 16/,
  );
});

Deno.test("decodeImage: rejects a corrupt PNG and a corrupt JPEG", async () => {
  const png = fixture("PNG RGB");
  const middle = Math.floor(png.length / 2);
  await assert.rejects(decodeImage(patched(png, middle, [(png[middle] as number) ^ 0x55])), SyntaxError);
  await assert.rejects(decodeImage(patched(jpeg, frame + 10, [0xff, 0xff, 0xff])), SyntaxError);
});

Deno.test("decodeImage: concurrent files, good and bad, each get their own answer", async () => {
  const good = await encodeGrayPng({ width: 3, height: 2, data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  const answers = await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) => decodeImage(i % 3 === 0 ? good.slice(0, 40) : good)),
  );
  answers.forEach((answer, i) => assert.equal(answer.status, i % 3 === 0 ? "rejected" : "fulfilled"));
});

Deno.test("decodeImage: does not modify the caller's bytes", async () => {
  const bytes = await encodeJpeg({ width: 8, height: 8, data: new Uint8Array(192) }, 90);
  const before = bytes.slice();
  await decodeImage(bytes);
  assert.deepEqual(bytes, before);
});

Deno.test("decodeImage: rejects anything but a Uint8Array", async () => {
  await assert.rejects(decodeImage("image.png" as unknown as Uint8Array), TypeError);
});

Deno.test("closeDecoders: rejects pending decodes; the next call starts new Workers", async () => {
  const pending = decodeImage(jpeg);
  const rejected = assert.rejects(pending, /the Workers were closed/);
  await closeDecoders();
  await rejected;
  assert.equal((await decodeImage(jpeg)).width, 13);
  await closeDecoders();
});

Deno.test("decodeImage: a program that decodes ends by itself, with read permission for only src", async () => {
  const program = `
    import { decodeImage } from "${new URL("../../src/image/decode.ts", import.meta.url)}";
    console.log((await decodeImage(Uint8Array.fromBase64("${jpeg.toBase64()}"))).width);`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const source = new URL("../../src", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        "-q",
        "--config",
        new URL("../../deno.json", import.meta.url).pathname,
        `--allow-read=${source}`,
        file,
      ],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout).trim(), "13");
  } finally {
    await Deno.remove(file);
  }
});
