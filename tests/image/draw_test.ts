import assert from "node:assert/strict";
import { drawFigure, grayToRgb, maskToRgb, overlayMask } from "../../src/image/draw.ts";
import type { RgbImage } from "../../src/image/image.ts";

function plain(width: number, height: number, color: readonly number[]): RgbImage {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => color[i % 3] ?? 0),
  };
}

function pixel(image: RgbImage, x: number, y: number): number[] {
  return [...image.data.subarray(3 * (y * image.width + x), 3 * (y * image.width + x) + 3)];
}

/** How many pixels of a stretch of rows are dark, as those of text are. */
function darkPixels(image: RgbImage, top: number, bottom: number): number {
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < image.width; x++) if (pixel(image, x, y).every((value) => value < 128)) count++;
  }
  return count;
}

const RED = [200, 0, 0];
const BLUE = [0, 0, 200];

Deno.test("drawFigure: panels without words stand side by side on white", async () => {
  const figure = await drawFigure([{ image: plain(40, 30, RED) }, { image: plain(40, 30, BLUE) }]);
  const margin = (figure.width - 80) / 3;
  assert.equal(figure.height, 30 + 2 * margin);
  assert.deepEqual(pixel(figure, 0, 0), [255, 255, 255]);
  assert.deepEqual(pixel(figure, margin, margin), RED);
  assert.deepEqual(pixel(figure, margin + 39, margin + 29), RED);
  assert.deepEqual(pixel(figure, margin + 40, margin), [255, 255, 255]);
  assert.deepEqual(pixel(figure, 2 * margin + 40, margin), BLUE);
});

Deno.test("drawFigure: rows of columns, images scaled to their cells with their proportions", async () => {
  const panels = [RED, BLUE, RED].map((color) => ({ image: plain(100, 50, color) }));
  const figure = await drawFigure(panels, { columns: 2, cell: { width: 40, height: 40 } });
  const margin = (figure.width - 80) / 3;
  assert.equal(figure.height, 80 + 3 * margin);
  assert.deepEqual(pixel(figure, margin + 20, margin + 9), [255, 255, 255]);
  assert.deepEqual(pixel(figure, margin + 20, margin + 10), RED);
  assert.deepEqual(pixel(figure, margin + 20, margin + 29), RED);
  assert.deepEqual(pixel(figure, margin + 20, margin + 30), [255, 255, 255]);
  assert.deepEqual(pixel(figure, margin + 20, 2 * margin + 40 + 20), RED);
  assert.deepEqual(pixel(figure, 2 * margin + 40 + 20, 2 * margin + 40 + 20), [255, 255, 255]);
});

Deno.test("drawFigure: title and captions are drawn where they belong", async () => {
  const image = plain(120, 60, [230, 230, 230]);
  const bare = await drawFigure([{ image }, { image }]);
  const worded = await drawFigure([{ image, caption: "Dice 0.93 ± 0.01" }, { image }], { title: "Tumors" });
  const rise = worded.height - bare.height;
  assert.ok(rise > 20, "room was made");
  assert.ok(darkPixels(worded, 0, 30) > 50, "the title");
  assert.ok(darkPixels(worded, worded.height - 25, worded.height) > 50, "the caption");
  assert.equal(darkPixels(bare, 0, bare.height), 0);
});

Deno.test("drawFigure: words are drawn as they stand, and cut where they do not fit", async () => {
  const image = plain(100, 20, [230, 230, 230]);
  for (const caption of ["100 % of %w", "@/etc/passwd", "a\\nb", "'quoted\" {x} $y", "%[fx:1/0]", "🧠", ""]) {
    await drawFigure([{ image, caption }]);
  }
  const long = await drawFigure([{ image, caption: "y573_jpg.rf.9510030b3d8ede2ab40d67d16c4f7cf9.jpg" }]);
  const margin = (long.width - 100) / 2;
  for (let y = 20 + margin; y < long.height; y++) {
    assert.deepEqual(pixel(long, 1, y), [255, 255, 255]);
    assert.deepEqual(pixel(long, long.width - 2, y), [255, 255, 255]);
  }
});

Deno.test("drawFigure refuses no panels and no columns", async () => {
  await assert.rejects(drawFigure([]), RangeError);
  await assert.rejects(drawFigure([{ image: plain(2, 2, RED) }], { columns: 0 }), RangeError);
});

Deno.test("overlayMask: the inside is tinted, the border is full, the rest stays", () => {
  const image = plain(5, 5, [100, 100, 100]);
  const data = Uint8Array.from({ length: 25 }, (_, i) => i % 5 > 0 && i % 5 < 4 && i >= 5 && i < 20 ? 1 : 0);
  const over = overlayMask(image, { width: 5, height: 5, data }, { color: [200, 0, 50], opacity: 0.5 });
  assert.deepEqual(pixel(over, 0, 0), [100, 100, 100]);
  assert.deepEqual(pixel(over, 1, 1), [200, 0, 50]);
  assert.deepEqual(pixel(over, 2, 2), [150, 50, 75]);
  const flat = overlayMask(image, { width: 5, height: 5, data }, { opacity: 0.5, outline: false });
  assert.deepEqual(pixel(flat, 1, 1), pixel(flat, 2, 2));
  assert.deepEqual(pixel(image, 2, 2), [100, 100, 100], "the image itself stays as it is");
  assert.throws(() => overlayMask(image, { width: 4, height: 5, data: new Uint8Array(20) }), TypeError);
});

Deno.test("maskToRgb and grayToRgb repeat the grey", () => {
  const mask = maskToRgb({ width: 2, height: 1, data: Uint8Array.of(0, 1) });
  assert.deepEqual([...mask.data], [0, 0, 0, 255, 255, 255]);
  const gray = grayToRgb({ width: 2, height: 1, data: Uint8Array.of(7, 200) });
  assert.deepEqual([...gray.data], [7, 7, 7, 200, 200, 200]);
});
