import assert from "node:assert/strict";
import { drawSheet, sheetColumns } from "../../src/evaluation/figures.ts";
import { MAX_SIDE } from "../../src/image/limits.ts";

Deno.test("drawSheet: the largest audit, 400 panels, fits into one image", async () => {
  // 200 panels in rows of 8 are as high as 400 in rows of 16, and half as wide.
  assert.deepEqual([sheetColumns(200), sheetColumns(201), sheetColumns(400)], [8, 16, 16]);
  const data = new Uint8Array(3 * 8 * 8).fill(90);
  const panels = Array.from({ length: 200 }, (_, index) => ({
    image: { width: 8, height: 8, data },
    caption: `${index}`,
  }));
  const { width, height } = await drawSheet(panels, "all");
  assert.ok(2 * width <= MAX_SIDE && height <= MAX_SIDE, `${width} x ${height}`);
});
