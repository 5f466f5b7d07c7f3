/** Baseline JPEG files compared with Pillow (fixtures/images/make_jpegs.py), bit for bit; the rest goes to ImageMagick. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { decodeByMagick } from "../../src/image/decode_magick.ts";
import { decodeRaster } from "../../src/image/decode_raster.ts";
import { checkContent, inspectFile } from "../../src/image/header.ts";
import { decodeBaselineJpeg } from "../../src/image/jpeg_baseline.ts";
import { mutate } from "../support/mutate.ts";
import { Random } from "../support/random.ts";
import images from "../fixtures/images/images.json" with { type: "json" };
import jpegs from "../fixtures/images/jpegs.json" with { type: "json" };

const files = jpegs.map(({ file }) => Uint8Array.fromBase64(file));

Deno.test(`decodeBaselineJpeg: ${jpegs.length} baseline files of every kind equal Pillow's pixels`, () => {
  jpegs.forEach(({ name, width, height, channels, sha256 }, i) => {
    const pixels = decodeBaselineJpeg(files[i]!)?.raster;
    assert.ok(pixels, name);
    assert.deepEqual([pixels.width, pixels.height, pixels.channels], [width, height, channels], name);
    assert.equal(createHash("sha256").update(pixels.data).digest("hex"), sha256, name);
  });
});

Deno.test("decodeBaselineJpeg: leaves all other files to ImageMagick", () => {
  for (const { name, file } of images) {
    const plain = /^JPEG (RGB|gray|orientation \d)$/.test(name);
    assert.equal(decodeBaselineJpeg(Uint8Array.fromBase64(file)) !== null, plain, name);
  }
});

Deno.test("decodeBaselineJpeg: leaves truncated files to ImageMagick, and notes extra bytes", () => {
  for (const file of files.slice(0, 20)) {
    for (let length = 0; length < file.length; length += 1 + length % 7) {
      assert.equal(decodeBaselineJpeg(file.subarray(0, length)), null);
    }
    const scan = file.findLastIndex((byte, at) => byte === 0xff && file[at + 1] === 0xd9);
    const longer = decodeBaselineJpeg(Uint8Array.of(...file.subarray(0, scan), 1, 2, ...file.subarray(scan)));
    assert.deepEqual(longer?.raster, decodeBaselineJpeg(file)?.raster);
    assert.deepEqual(longer?.notes, [{ kind: "oddity", message: "2 bytes follow the pixel data" }]);
  }
});

Deno.test("decodeBaselineJpeg: reads bytes within a larger buffer", () => {
  const file = files[3]!;
  const buffer = new Uint8Array(file.length + 30).fill(0xff);
  buffer.set(file, 13);
  const pixels = decodeBaselineJpeg(buffer.subarray(13, 13 + file.length));
  assert.deepEqual(pixels, decodeBaselineJpeg(file));
});

Deno.test("decodeBaselineJpeg: accepts no damaged file that ImageMagick rejects, and returns nearly the same pixels", async () => {
  const random = new Random(11);
  let accepted = 0;
  for (let i = 0; i < 6000; i++) {
    const file = mutate(files[random.integer(files.length)]!, random);
    const pixels = decodeBaselineJpeg(file)?.raster;
    if (pixels === undefined) continue;
    const header = inspectFile(file);
    const { raster: other } = await decodeByMagick(checkContent(file, header).bytes, header.format);
    const { width, height, channels, data } = pixels;
    assert.deepEqual([width, height], [other.width, other.height]);
    let sum = 0;
    for (let at = 0; at < other.data.length; at++) {
      sum += Math.abs(other.data[at]! - data[channels === 3 ? at : Math.floor(at / 3)]!);
    }
    // The two smooth chroma planes differently; damage causes hard edges there.
    assert.ok(sum / other.data.length < 6, `${sum / other.data.length}: ${file.toBase64()}`);
    accepted++;
  }
  assert.ok(accepted > 600, `${accepted} accepted`);
});

Deno.test("decodeRaster: returns one channel for an image without color in every format", async () => {
  for (const { name, file, rgb } of images) {
    const { channels } = (await decodeRaster(Uint8Array.fromBase64(file))).raster;
    const expected = Uint8Array.fromBase64(rgb);
    const gray = expected.every((value, at) => value === expected[at - at % 3]);
    assert.equal(channels, gray ? 1 : 3, name);
  }
});
