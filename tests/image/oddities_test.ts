/** Irregular files in which no pixel is missing are read, with a note; truncated ones never are. */
import assert from "node:assert/strict";
import { deflateSync, inflateSync } from "node:zlib";
import { joinBytes } from "../../src/bytes.ts";
import { decodeRaster } from "../../src/image/decode_raster.ts";
import type { DecodedRaster } from "../../src/image/image.ts";
import { deepPng } from "../support/deep_images.ts";
import { pngChunk } from "../support/image_files.ts";
import images from "../fixtures/images/images.json" with { type: "json" };
import jpegs from "../fixtures/images/jpegs.json" with { type: "json" };

function fixture(name: string): Uint8Array<ArrayBuffer> {
  const found = images.find((entry) => entry.name === name);
  assert.ok(found, name);
  return Uint8Array.fromBase64(found.file);
}

const insert = (bytes: Uint8Array, at: number, ...added: number[]) =>
  joinBytes([bytes.subarray(0, at), Uint8Array.from(added), bytes.subarray(at)]);

/** A copy with a number of `size` bytes at `at` set, little-endian. */
function setNumber(bytes: Uint8Array, at: number, value: number, size: 2 | 4 = 4): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  if (size === 4) view.setUint32(at, value, true);
  else view.setUint16(at, value, true);
  return copy;
}

/** A copy of a little-endian TIFF, its entry of tag `tag` with new tag, type, count and value, as far as given. */
function setTag(bytes: Uint8Array, tag: number, change: { tag?: number; type?: number; value?: number }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = view.getUint32(4, true) + 2;
  while (view.getUint16(at, true) !== tag) at += 12;
  let copy = new Uint8Array(bytes);
  if (change.tag !== undefined) copy = setNumber(copy, at, change.tag, 2);
  if (change.type !== undefined) copy = setNumber(copy, at + 2, change.type, 2);
  if (change.value !== undefined) copy = setNumber(copy, at + 8, change.value);
  return copy;
}

/** A PNG with other chunks in place of its IDAT chunk. */
function replaceData(png: Uint8Array, replace: (data: Uint8Array) => Uint8Array[]): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset);
  const parts = [png.subarray(0, 8)];
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at)) {
    const end = at + 12 + view.getUint32(at);
    const isData = new TextDecoder().decode(png.subarray(at + 4, at + 8)) === "IDAT";
    parts.push(...isData ? replace(png.subarray(at + 8, end - 4)) : [png.subarray(at, end)]);
  }
  return joinBytes(parts);
}

const jpeg = fixture("JPEG RGB");
const progressive = fixture("JPEG RGB 4:2:0 progressive");
const rotated = fixture("JPEG orientation 6");
const png = fixture("PNG RGB");
const png16 = fixture("PNG gray 16 bits");
const tiff = fixture("TIFF RGB");
const bmp = fixture("BMP RGB");
const tables = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xdb);
const rawExif = Uint8Array.from([...new TextEncoder().encode("II*\0"), 8, 0, 0, 0, 0, 0]);
const badEnd = png.slice();
badEnd[badEnd.length - 1]! ^= 1;
const badCrc = pngChunk("eXIf", rawExif);
badCrc[badCrc.length - 1]! ^= 1;
const inflated = (data: Uint8Array) => new Uint8Array(inflateSync(data));

/** A BMP of 4 x 3 pixels in a palette of 6, its `data` run-length encoded in 8 bits per pixel. */
function runLengthBmp(...data: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(78 + data.length);
  const numbers = [[2, bytes.length], [10, 78], [14, 40], [18, 4], [22, 3], [26, 1 | 8 << 16], [30, 1], [
    46,
    6,
  ]];
  for (const [at, value] of numbers) new DataView(bytes.buffer).setUint32(at!, value!, true);
  bytes.set([0x42, 0x4d]);
  for (let color = 0; color < 6; color++) bytes.fill(40 * color, 54 + 4 * color, 57 + 4 * color);
  bytes.set(data, 78);
  return bytes;
}

/** A run, literal pixels, a run, the end mark. */
const runs = runLengthBmp(4, 1, 0, 0, 0, 3, 1, 2, 3, 0, 1, 4, 0, 0, 2, 5, 2, 1, 0, 1);

/** What is irregular, the regular file, the irregular one, and what the note says. */
const ODDITIES: [string, Uint8Array, Uint8Array, RegExp][] = [
  ["a BMP of stated size 0", bmp, setNumber(bmp, 2, 0), /states 0 bytes instead of \d+/],
  ["a BMP stated too short", bmp, setNumber(bmp, 2, bmp.length - 2), /states \d+ bytes instead/],
  ["a BMP stated too long", bmp, setNumber(bmp, 2, bmp.length + 9), /states \d+ bytes instead/],
  ["a BMP with two bytes more", bmp, insert(bmp, bmp.length, 0, 0), /states \d+ bytes instead/],
  ["a BMP with a row more", bmp, joinBytes([bmp, new Uint8Array(40)]), /states \d+ bytes instead/],
  ["3 bytes before a JPEG's end", jpeg, insert(jpeg, jpeg.length - 2, 1, 2, 3), /^3 bytes follow/],
  [
    "zeros before a JPEG's end",
    jpeg,
    insert(jpeg, jpeg.length - 2, ...Array(300).fill(0)),
    /^300 bytes follow/,
  ],
  [
    "bytes before a rotated JPEG's end",
    rotated,
    insert(rotated, rotated.length - 2, 1, 2),
    /^2 bytes follow/,
  ],
  ["bytes before a JPEG's tables", jpeg, insert(jpeg, tables, 1, 2), /2 extraneous bytes before marker 0xdb/],
  [
    "bytes before a progressive JPEG's end",
    progressive,
    insert(progressive, progressive.length - 2, 1, 2, 3),
    /extraneous bytes before marker 0xd9/,
  ],
  ["an unknown JFIF revision", jpeg, setNumber(jpeg, 11, 0x0103, 2), /unknown JFIF revision/],
  [
    "bytes behind a PNG's pixels",
    png,
    replaceData(png, (data) => [pngChunk("IDAT", insert(data, data.length, 1, 2, 3))]),
    /^3 bytes follow/,
  ],
  [
    "a chunk behind a PNG's pixels",
    png,
    replaceData(png, (data) => [pngChunk("IDAT", data), pngChunk("IDAT", new Uint8Array(5))]),
    /^5 bytes follow/,
  ],
  [
    "a PNG of a row too many",
    png,
    replaceData(
      png,
      (data) => [pngChunk("IDAT", deflateSync(joinBytes([inflated(data), new Uint8Array(40)])))],
    ),
    /^40 bytes follow/,
  ],
  [
    "a 16-bit PNG of a row too many",
    png16,
    replaceData(
      png16,
      (data) => [pngChunk("IDAT", deflateSync(joinBytes([inflated(data), new Uint8Array(27)])))],
    ),
    /^27 bytes follow/,
  ],
  [
    "an eXIf chunk that is no EXIF",
    png,
    replaceData(png, (data) => [pngChunk("eXIf", new Uint8Array(9)), pngChunk("IDAT", data)]),
    /^the eXIf chunk is damaged/,
  ],
  [
    "an eXIf chunk of wrong checksum",
    png,
    replaceData(png, (data) => [badCrc, pngChunk("IDAT", data)]),
    /^the eXIf chunk is damaged/,
  ],
  ["a run-length encoded BMP of stated size 0", runs, setNumber(runs, 2, 0), /states 0 bytes/],
  ["a TIFF strip of a row too many", tiff, setTag(tiff, 279, { value: 429 }), /^Bogus "StripByteCounts"/],
  [
    "a JPEG in TIFF of a row too many",
    setTag(fixture("TIFF RGB JPEG"), 257, { value: 10 }),
    setTag(fixture("TIFF RGB JPEG"), 257, { value: 9 }),
    /exceeds expected dimensions/,
  ],
  [
    "a TIFF date without its end",
    tiff,
    setTag(tiff, 284, { tag: 306, type: 2, value: 0x41414141 }),
    /tag "DateTime"|Incompatible/,
  ],
  ["a TIFF unit of a wrong type", tiff, setTag(tiff, 284, { tag: 296, type: 2 }), /"ResolutionUnit"/],
];

for (const [name, regular, irregular, note] of ODDITIES) {
  Deno.test(`decodeRaster: reads ${name}, and notes it`, async () => {
    const [expected, actual] = [await decodeRaster(regular), await decodeRaster(irregular)];
    const { width, height, data } = actual.raster;
    assert.deepEqual(data, expected.raster.data.subarray(0, data.length));
    assert.ok(width === expected.raster.width && expected.raster.height - height <= 1);
    const notes = actual.notes.filter(({ kind }) => kind === "oddity");
    assert.equal(notes.length, 1);
    assert.match(notes[0]!.message, note);
    assert.deepEqual(expected.notes.filter(({ kind }) => kind === "oddity"), []);
  });
}

Deno.test("decodeRaster: notes nothing about regular files of 8 bits", async () => {
  for (const { name, file } of images) {
    const { notes } = await decodeRaster(Uint8Array.fromBase64(file));
    const expected = /orientation [2-8]/.test(name)
      ? ["orientation"]
      : /two pages/.test(name)
      ? ["pages"]
      : [];
    assert.deepEqual(notes.map(({ kind }) => kind), expected, name);
  }
});

/** A grayscale PNG of 16 bits with the values of `sample`. */
const gray16 = (side: number, sample: (i: number) => number) =>
  deepPng(side, side, (x, y) => sample(y * side + x));

Deno.test("decodeRaster: notes 16-bit samples that fill little of their range, and only those", async () => {
  const cases: [string, (i: number) => number, boolean][] = [
    ["12 bits in 16", (i) => i % 4096, false],
    ["12 bits in 16 with a bright label", (i) => i < 6 ? 65535 : i % 4096, true],
    ["Hounsfield units with an offset", (i) => 31_768 + i % 4000, true],
    ["one level", () => 300, true],
    ["the full range", (i) => 16 * i % 65536, false],
    ["half of the range", (i) => 8 * i % 32768, false],
    ["two levels, black and white", (i) => i % 2 * 65535, false],
  ];
  for (const [name, sample, expected] of cases) {
    const { notes } = await decodeRaster(gray16(64, sample));
    assert.equal(notes.some(({ kind }) => kind === "levels"), expected, name);
  }
  const { notes: [note] } = await decodeRaster(gray16(64, (i) => i < 6 ? 65535 : i % 4096));
  assert.match(
    note!.message,
    /^nearly all samples lie in a quarter or less of the range from 0 to 65535; .*picture/,
  );
});

Deno.test("decodeRaster: reads a PNG whose end mark has a wrong checksum", async () => {
  assert.deepEqual((await decodeRaster(badEnd)).raster, (await decodeRaster(png)).raster);
});

/** The decoded file; null if it is refused as a damaged one. */
async function decodeOrRefuse(bytes: Uint8Array): Promise<DecodedRaster | null> {
  try {
    return await decodeRaster(bytes);
  } catch (error) {
    assert.ok(error instanceof SyntaxError || error instanceof RangeError, String(error));
    return null;
  }
}

const all = [...images, ...jpegs.slice(0, 12)].map(({ name, file }) => ({
  name,
  file: Uint8Array.fromBase64(file),
}));

/** Cuts files of a format at about `count` places each, lets `close` complete them, and expects no image that differs. */
async function expectRefusals(
  format: string,
  count: number,
  close: (cut: Uint8Array, whole: Uint8Array) => Uint8Array = (cut) => cut,
): Promise<void> {
  let refused = 0;
  for (
    const { name, file } of all.filter(({ name, file }) =>
      format === "JPEG" ? file[0] === 0xff : name.startsWith(format)
    )
  ) {
    const whole = await decodeRaster(file);
    for (let cut = file.length - 1; cut > 0; cut -= Math.max(1, Math.floor(file.length / count))) {
      const decoded = await decodeOrRefuse(close(file.slice(0, cut), file));
      if (decoded === null) refused++;
      else assert.deepEqual(decoded.raster, whole.raster, `${name}, ${cut} of ${file.length} bytes`);
    }
  }
  assert.ok(refused > 150, `${refused} refused`);
}

for (const format of ["JPEG", "PNG", "TIFF", "BMP", "WebP"]) {
  Deno.test(`decodeRaster: no truncated ${format} file passes for a whole one`, () =>
    expectRefusals(format, 60));
}

Deno.test("decodeRaster: no truncated file passes with an end mark or a length that fits", async () => {
  await expectRefusals("JPEG", 40, (cut) => joinBytes([cut, Uint8Array.of(0xff, 0xd9)]));
  await expectRefusals("BMP", 60, (cut) => cut.length < 6 ? cut : setNumber(cut, 2, cut.length));
  for (let cut = 79; cut < runs.length; cut++) {
    assert.equal(await decodeOrRefuse(setNumber(runs.slice(0, cut), 2, cut)), null, `${cut} bytes`);
  }
  // Found before ImageMagick reads the file.
  for (const file of [bmp, runs]) {
    const cut = file.length - 5;
    await assert.rejects(
      decodeRaster(setNumber(file.slice(0, cut), 2, cut)),
      /BMP image: the file is truncated$/,
    );
  }
  await expectRefusals("WebP", 80, (cut) => cut.length < 8 ? cut : setNumber(cut, 4, cut.length - 8));
  await expectRefusals("PNG", 20, (cut, whole) => {
    const share = cut.length / whole.length;
    return replaceData(
      whole,
      (data) => [pngChunk("IDAT", data.subarray(0, Math.floor(share * data.length)))],
    );
  });
  await expectRefusals("PNG", 20, (cut, whole) => {
    const share = cut.length / whole.length;
    return replaceData(whole, (data) => {
      const samples = inflated(data);
      return [pngChunk("IDAT", deflateSync(samples.subarray(0, Math.floor(share * samples.length))))];
    });
  });
});
