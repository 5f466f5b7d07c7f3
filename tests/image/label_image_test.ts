/** Masks are read as they are stored: palette indices and raw values, from every kind of file. */
import assert from "node:assert/strict";
import { decodeImage, decodeLabelImage, decodeWithNotes } from "../../src/image/decode.ts";
import { decodeLabelRaster, decodeRaster } from "../../src/image/decode_raster.ts";
import images from "../fixtures/images/images.json" with { type: "json" };
import labels from "../fixtures/images/labels.json" with { type: "json" };

const file = (entry: { file: string } | undefined) => Uint8Array.fromBase64(entry!.file);

for (const entry of labels) {
  const { name, kind, bits, width, height, data, palette } = entry;
  Deno.test(`decodeLabelImage: ${name}`, async () => {
    const image = await decodeLabelRaster(file(entry));
    assert.deepEqual([image.kind, image.bits, image.width, image.height], [kind, bits, width, height]);
    const expected = Uint8Array.fromBase64(data);
    const wide = image.data instanceof Uint16Array;
    assert.equal(wide, bits === 16);
    assert.deepEqual(image.data, wide ? new Uint16Array(expected.buffer) : expected);
    assert.deepEqual(image.palette, palette === null ? undefined : Uint8Array.fromBase64(palette));
  });
}

Deno.test("decodeLabelImage: an image has the size and the values of decodeImage", async () => {
  for (const entry of images) {
    const bytes = file(entry);
    const [label, image] = [await decodeLabelImage(bytes), await decodeImage(bytes)];
    assert.deepEqual([label.width, label.height], [image.width, image.height], entry.name);
    if (label.kind !== "rgb" || label.bits !== 8) continue;
    assert.deepEqual(label.data, image.data, entry.name);
  }
});

Deno.test("decodeLabelImage: applies the orientation and says so, also of indices", async () => {
  const bytes = file(images.find(({ name }) => name === "PNG orientation 6"));
  const label = await decodeLabelRaster(bytes);
  const { raster } = await decodeRaster(bytes);
  assert.deepEqual([label.width, label.height, label.kind], [10, 13, "rgb"]);
  assert.deepEqual(label.data, raster.data);
  assert.deepEqual(label.notes.map(({ kind }) => kind), ["orientation"]);
});

/** A screen of 3 x 2, background 1, and a frame of one pixel at (1, 1) with these codes. */
function tiny(codes: number[]): Uint8Array {
  const screen = [3, 0, 2, 0, 0x81, 1, 0, 9, 9, 9, 50, 60, 70, 1, 2, 3, 4, 5, 6];
  const frame = [0x2c, 1, 0, 1, 0, 1, 0, 1, 0, 0, ...codes, 0x3b];
  return Uint8Array.from([...new TextEncoder().encode("GIF87a"), ...screen, ...frame]);
}

const gif = (name: string) => file(labels.find((entry) => entry.name === name));

Deno.test("decodeImage: a GIF has the colors of its first frame; further frames are named", async () => {
  const entry = labels.find(({ name }) => name === "GIF of 3 frames")!;
  const { raster, notes } = await decodeWithNotes(file(entry));
  const indices = Uint8Array.fromBase64(entry.data);
  const palette = Uint8Array.fromBase64(entry.palette!);
  const expected = [...indices].flatMap((i) => [...palette.subarray(3 * i, 3 * i + 3)]);
  assert.deepEqual(raster.data, Uint8Array.from(expected));
  assert.deepEqual(notes, [{ kind: "pages", message: "only the first of 3 pages is read" }]);
});

Deno.test("decodeLabelImage: refuses a GIF that is truncated anywhere, and one of damaged codes", async () => {
  for (const name of ["GIF", "GIF, interlaced", "GIF of two colors"]) {
    const whole = gif(name);
    for (let length = whole.length - 1; length > 6; length = length > 1000 ? length - 97 : length - 1) {
      await assert.rejects(decodeLabelRaster(whole.subarray(0, length)), SyntaxError, `${name}: ${length}`);
    }
  }
  // Nothing but the codes for clear and end.
  const empty = tiny([2, 1, 0b00_101_100, 0]);
  await assert.rejects(decodeLabelRaster(empty), /truncated or damaged after 0 of 1 pixels/);
  // A code that means nothing yet.
  await assert.rejects(decodeLabelRaster(tiny([2, 2, 0b01_111_100, 1, 0])), /damaged after 0 of 1/);
});

Deno.test("decodeLabelImage: a frame that does not cover the GIF's screen leaves the background", async () => {
  const bytes = tiny([2, 2, 0b01_010_100, 0b1, 0]);
  const { width, height, data } = await decodeLabelRaster(bytes);
  assert.deepEqual([width, height, [...data]], [3, 2, [1, 1, 1, 1, 2, 1]]);
  const { raster } = await decodeRaster(bytes);
  assert.deepEqual([...raster.data.subarray(0, 3), ...raster.data.subarray(12, 15)], [50, 60, 70, 1, 2, 3]);
});
