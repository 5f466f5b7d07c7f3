import assert from "node:assert/strict";
import { drawSheet } from "../../src/evaluation/figures.ts";
import { MAX_SIDE } from "../../src/image/limits.ts";

Deno.test("drawSheet: as many images as an audit may ask for fit on one", async () => {
  const data = new Uint8Array(3 * 8 * 8).fill(90);
  const panel = (caption: string) => ({ image: { width: 8, height: 8, data }, caption });
  const draw = async (images: number) => {
    // Two panels an image.
    const panels = Array.from({ length: 2 * images }, (_, i) => panel(`${i}`));
    const { width, height } = await drawSheet(panels, "all");
    assert.ok(width <= MAX_SIDE && height <= MAX_SIDE, `${images} images: ${width} x ${height}`);
    return width;
  };
  assert.ok(await draw(200) > 1.9 * await draw(100));
});
