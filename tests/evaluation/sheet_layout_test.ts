import assert from "node:assert/strict";
import { sheetLayout } from "../../src/evaluation/sheet_layout.ts";
import { drawFigure } from "../../src/image/draw_figure.ts";
import { MAX_PIXELS, MAX_SIDE } from "../../src/image/limits.ts";

const square = (side: number) => ({ width: side, height: side });

Deno.test("sheetLayout: panels are as large as the largest image, from 256 to 1024 pixels", () => {
  assert.deepEqual(sheetLayout([square(64)], 32).cell, square(256));
  assert.deepEqual(sheetLayout([square(640), square(100)], 32).cell, square(640));
  assert.deepEqual(sheetLayout([{ width: 640, height: 480 }, { width: 300, height: 600 }], 16).cell, {
    width: 640,
    height: 600,
  });
  assert.deepEqual(sheetLayout([square(5000)], 4).cell, square(1024));
});

Deno.test("sheetLayout: 400 panels are as large as in version 0.2.0", () => {
  assert.ok(sheetLayout([square(640)], 400).cell.width >= 256);
  assert.ok(sheetLayout([square(5000)], 32).cell.width > 890);
});

Deno.test("sheetLayout: the largest figures, eight rows of four and an audit of 400 panels, can be decoded", async () => {
  const legend = Array.from({ length: 254 }, () => ({ name: " ", color: null }));
  const sizes = [square(5000), { width: 8000, height: 20 }, { width: 20, height: 8000 }];
  for (const [panels, least] of [[32, 780], [400, 230]] as const) {
    for (const size of panels === 400 ? sizes : [square(5000)]) {
      const { cell, ...layout } = sheetLayout([size], panels, 30);
      if (size.width === size.height) {
        assert.ok(cell.width >= least && cell.width === cell.height, `${cell.width}`);
      }
      const image = { ...cell, data: new Uint8Array(3 * cell.width * cell.height) };
      const all = Array.from({ length: panels }, () => ({ image, caption: " " }));
      const { width, height } = await drawFigure(all, { title: " ", subtitle: " ", legend, cell, ...layout });
      assert.ok(width <= MAX_SIDE && height <= MAX_SIDE, `${width} x ${height}`);
      assert.ok(width * height <= MAX_PIXELS, `${width} x ${height}`);
    }
  }
});
