import assert from "node:assert/strict";
import { drawFigure } from "../../src/image/draw_figure.ts";
import type { RgbImage } from "../../src/image/image.ts";
import { pixel, plain } from "../support/image_files.ts";

/** The number of dark pixels, as of text, in some rows. */
function darkPixels(image: RgbImage, top: number, bottom: number): number {
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < image.width; x++) if (pixel(image, x, y).every((value) => value < 128)) count++;
  }
  return count;
}

const RED = [200, 0, 0];
const BLUE = [0, 0, 200];

Deno.test("drawFigure: panels without text are placed side by side on white", async () => {
  const figure = await drawFigure([{ image: plain(40, 30, RED) }, { image: plain(40, 30, BLUE) }]);
  const margin = (figure.width - 80) / 3;
  assert.equal(figure.height, 30 + 2 * margin);
  assert.deepEqual(pixel(figure, 0, 0), [255, 255, 255]);
  assert.deepEqual(pixel(figure, margin, margin), RED);
  assert.deepEqual(pixel(figure, margin + 39, margin + 29), RED);
  assert.deepEqual(pixel(figure, margin + 40, margin), [255, 255, 255]);
  assert.deepEqual(pixel(figure, 2 * margin + 40, margin), BLUE);
});

Deno.test("drawFigure: fills rows of columns and scales images to their cells, keeping the aspect ratio", async () => {
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

Deno.test("drawFigure: draws the title above and captions below the panels", async () => {
  const image = plain(120, 60, [230, 230, 230]);
  const bare = await drawFigure([{ image }, { image }]);
  const labeled = await drawFigure([{ image, caption: "Dice 0.93 ± 0.01" }, { image }], { title: "Lesions" });
  const rise = labeled.height - bare.height;
  assert.ok(rise > 20, "room for the text");
  assert.ok(darkPixels(labeled, 0, 30) > 50, "the title");
  assert.ok(darkPixels(labeled, labeled.height - 25, labeled.height) > 50, "the caption");
  assert.equal(darkPixels(bare, 0, bare.height), 0);
});

Deno.test("drawFigure: draws text literally and cuts what does not fit", async () => {
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

Deno.test("drawFigure: rejects no panels and no columns", async () => {
  await assert.rejects(drawFigure([]), RangeError);
  await assert.rejects(drawFigure([{ image: plain(2, 2, RED) }], { columns: 0 }), RangeError);
});

Deno.test("drawFigure: a legend has a swatch per entry, notes and subtitles take a line, and none of it changes the panels", async () => {
  const image = plain(300, 60, [230, 230, 230]);
  const bare = await drawFigure([{ image, caption: "a" }], { title: "t" });
  const entries = (count: number, name = "lung") =>
    Array.from({ length: count }, (_, i) => ({ name: `${name} ${i}`, color: [10 * i, 200, 0] as const }));
  const full = await drawFigure([{ image, caption: "a", note: "train" }], {
    title: "t",
    subtitle: "3 of 9 images",
    legend: entries(3),
    align: "left",
  });
  assert.equal(full.width, bare.width);
  assert.ok(full.height > bare.height + 40);
  const count = (figure: RgbImage, color: string) => {
    let pixels = 0;
    for (let at = 0; at < figure.data.length; at += 3) {
      if (figure.data.subarray(at, at + 3).join() === color) pixels++;
    }
    return pixels;
  };
  assert.deepEqual([0, 10, 20].map((red) => count(full, `${red},200,0`)), Array(3).fill(17 * 17));
  assert.ok(count(full, "230,230,230") >= 300 * 60);
  // Names of any length stay within the figure, and not more than 30 entries are listed.
  const many = await drawFigure([{ image }], { legend: entries(254, "long ".repeat(40)) });
  assert.ok(count(many, "10,200,0") > 0 && many.height < 31 * 2 * 17 + 120, `${many.height}`);
});
