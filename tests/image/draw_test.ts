import assert from "node:assert/strict";
import { grayToRgb, maskToRgb, overlayMask } from "../../src/image/draw.ts";
import { pixel, plain } from "../support/image_files.ts";

Deno.test("overlayMask: tints the inside, draws the border in full color, keeps the rest", () => {
  const image = plain(5, 5, [100, 100, 100]);
  const data = Uint8Array.from({ length: 25 }, (_, i) => i % 5 > 0 && i % 5 < 4 && i >= 5 && i < 20 ? 1 : 0);
  const over = overlayMask(image, { width: 5, height: 5, data }, { color: [200, 0, 50], opacity: 0.5 });
  assert.deepEqual(pixel(over, 0, 0), [100, 100, 100]);
  assert.deepEqual(pixel(over, 1, 1), [200, 0, 50]);
  assert.deepEqual(pixel(over, 2, 2), [150, 50, 75]);
  const flat = overlayMask(image, { width: 5, height: 5, data }, { opacity: 0.5, outline: false });
  assert.deepEqual(pixel(flat, 1, 1), pixel(flat, 2, 2));
  assert.deepEqual(pixel(image, 2, 2), [100, 100, 100], "the input is not modified");
  assert.throws(() => overlayMask(image, { width: 4, height: 5, data: new Uint8Array(20) }), TypeError);
});

Deno.test("maskToRgb, grayToRgb: repeat the gray value in all channels", () => {
  const mask = maskToRgb({ width: 2, height: 1, data: Uint8Array.of(0, 1) });
  assert.deepEqual([...mask.data], [0, 0, 0, 255, 255, 255]);
  const gray = grayToRgb({ width: 2, height: 1, data: Uint8Array.of(7, 200) });
  assert.deepEqual([...gray.data], [7, 7, 7, 200, 200, 200]);
});
