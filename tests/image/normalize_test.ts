import assert from "node:assert/strict";
import { isNormalization, normalizeImage } from "../../src/image/normalize.ts";
import { assertClose } from "../support/compare.ts";

Deno.test("normalizeImage: applies ImageNet's mean and deviation per channel", () => {
  const image = { shape: [3, 1, 2], data: Float32Array.of(0, 1, 0.456, 0.68, 0.406, 0.181) };
  const normal = normalizeImage(image);
  assert.deepEqual(normal.shape, [3, 1, 2]);
  const expected = [-0.485 / 0.229, 0.515 / 0.229, 0, 1, 0, -1];
  assertClose(normal.data, expected, { absolute: 1e-6, label: "normalized" });
  assert.deepEqual(image.data[0], 0, "the input is not modified");
});

Deno.test("normalizeImage: picture gives an image mean 0 and deviation 1", () => {
  const data = Float32Array.from({ length: 3 * 40 * 30 }, (_, i) => 0.5 + 0.001 * ((i * 7919) % 101));
  const { data: normal } = normalizeImage({ shape: [3, 40, 30], data }, "picture");
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  const square = normal.reduce((sum, value) => sum + value * value, 0) / normal.length;
  assert.ok(Math.abs(mean) < 1e-5 && Math.abs(square - 1) < 1e-5, `${mean}, ${square}`);
});

Deno.test("normalizeImage: an image without contrast stays finite", () => {
  const { data } = normalizeImage({ shape: [3, 2, 2], data: new Float32Array(12).fill(0.25) }, "picture");
  assert.ok(data.every((value) => value === 0));
});

Deno.test("isNormalization: accepts the two names and nothing else", () => {
  assert.deepEqual(["imagenet", "picture", "Imagenet", "", 0, null].map(isNormalization), [
    ...[true, true],
    ...[false, false, false, false],
  ]);
});

Deno.test("normalizeImage: rejects other shapes and names", () => {
  const data = new Float32Array(12);
  assert.throws(() => normalizeImage({ shape: [1, 3, 2, 2], data }), TypeError);
  assert.throws(() => normalizeImage({ shape: [3, 2, 3], data }), TypeError);
  assert.throws(() => normalizeImage({ shape: [3, 2, 2], data }, "none" as "picture"), RangeError);
});
