import assert from "node:assert/strict";
import { grayToRgb, maskToRgb, OUTLINE_COLORS, outlineMask, overlayMask } from "../../src/image/draw.ts";
import { COLOR_VISIONS, linearLight } from "../support/color_vision.ts";
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

Deno.test("outlineMask: draws around the mask, keeps all pixels within it, and stays inside the image", () => {
  const image = plain(5, 5, [100, 100, 100]);
  // The two upper pixels of the first column, and one in the middle.
  const mask = {
    width: 5,
    height: 5,
    data: Uint8Array.from({ length: 25 }, (_, i) => [0, 5, 12].includes(i) ? 1 : 0),
  };
  const outlined = outlineMask(image, mask, [1, 2, 3]);
  const drawn = Array.from({ length: 25 }, (_, i) => i).filter((i) => outlined.data[3 * i] === 1);
  assert.deepEqual(drawn, [1, 6, 7, 10, 11, 13, 17]);
  assert.deepEqual(pixel(outlined, 2, 2), [100, 100, 100], "texture stays visible");
  assert.deepEqual(pixel(image, 1, 0), [100, 100, 100], "the input is not modified");
  const large = outlineMask(plain(512, 1, [9, 9, 9]), {
    width: 512,
    height: 1,
    data: new Uint8Array(512).fill(1, 100, 200),
  }, [1, 2, 3]);
  const columns = Array.from({ length: 512 }, (_, x) => x).filter((x) => large.data[3 * x] === 1);
  assert.deepEqual(columns, [98, 99, 200, 201], "wider in larger images");
  assert.throws(
    () => outlineMask(image, { width: 4, height: 5, data: new Uint8Array(20) }, [1, 2, 3]),
    TypeError,
  );
});

Deno.test("OUTLINE_COLORS: distinct for each kind of color vision, and from any gray", () => {
  const distance = (a: readonly number[], b: readonly number[]) =>
    Math.hypot(...a.map((value, c) => value - b[c]!));
  for (const kind of COLOR_VISIONS) {
    const seen = (color: readonly number[]) => linearLight(color, kind);
    const { predicted, annotated } = OUTLINE_COLORS;
    assert.ok(distance(seen(predicted), seen(annotated)) > 0.4, kind);
    for (let gray = 0; gray < 256; gray++) {
      for (const color of [predicted, annotated]) {
        assert.ok(distance(seen(color), seen([gray, gray, gray])) > 0.15, `${kind}: ${color} on ${gray}`);
      }
    }
  }
});
