import assert from "node:assert/strict";
import { pixelBands } from "../../kernels/bands.ts";
import { ceilDiv, flatGrid, grid, MAX_WORKGROUPS, planeGrid, roundUp } from "../../kernels/grid.ts";
import { imageSize, size } from "../../kernels/shape.ts";

Deno.test("grid: rounds up, and keeps planes and layers", () => {
  assert.deepEqual([ceilDiv(1, 64), ceilDiv(64, 64), ceilDiv(65, 64)], [1, 1, 2]);
  assert.deepEqual([roundUp(1, 16), roundUp(16, 16), roundUp(17, 16)], [16, 16, 32]);
  assert.deepEqual(grid("k", 65, 64), [2, 1, 1]);
  assert.deepEqual(grid("k", 1, 64, 7, 9), [1, 7, 9]);
});

Deno.test("grid: rejects more workgroups than fit a dimension, and zero", () => {
  assert.deepEqual(grid("k", MAX_WORKGROUPS * 64, 64), [MAX_WORKGROUPS, 1, 1]);
  const tooMany = /^Cannot dispatch "k": .*, the limit is 65535$/;
  assert.throws(() => grid("k", MAX_WORKGROUPS * 64 + 1, 64), { name: "RangeError", message: tooMany });
  assert.throws(() => grid("k", 1, 64, MAX_WORKGROUPS + 1), { name: "RangeError", message: tooMany });
  assert.throws(() => grid("k", 1, 64, 1, MAX_WORKGROUPS + 1), { name: "RangeError", message: tooMany });
  assert.throws(() => grid("k", 0, 64), RangeError);
  assert.throws(() => grid("k", NaN, 64), RangeError);
});

Deno.test("flatGrid: folds a long range into two dimensions that hold it and little more", () => {
  assert.deepEqual(flatGrid("k", 1, 64), [1, 1, 1]);
  assert.deepEqual(flatGrid("k", MAX_WORKGROUPS * 64, 64), [MAX_WORKGROUPS, 1, 1]);
  for (const items of [MAX_WORKGROUPS * 64 + 1, 31_100_000, 2 ** 31, 65535 ** 2 * 64]) {
    const [x, y, z] = flatGrid("k", items, 64);
    assert.ok(x <= MAX_WORKGROUPS && y <= MAX_WORKGROUPS && z === 1);
    assert.ok(x * y * 64 >= items && (x * y - y) * 64 < items, `${items}: ${x} x ${y}`);
  }
});

Deno.test("planeGrid: folds many planes into two dimensions that hold them and little more", () => {
  assert.deepEqual(planeGrid("k", 65, 64, 9), [2, 9, 1]);
  assert.deepEqual(planeGrid("k", 1, 64, MAX_WORKGROUPS), [1, MAX_WORKGROUPS, 1]);
  assert.deepEqual(planeGrid("k", 1, 64, MAX_WORKGROUPS + 1), [1, 32768, 2]);
  for (const planes of [262_144, 524_288, 7_777_777]) {
    const [, y, z] = planeGrid("k", 1, 64, planes);
    assert.ok(y <= MAX_WORKGROUPS && y * z >= planes && (y - 1) * z < planes, `${planes}: ${y} x ${z}`);
  }
});

Deno.test("pixelBands: cover each image, start at whole vectors, and pad the count of the batch", () => {
  for (
    const [batch, height, width] of [[1, 1, 1], [2, 3, 5], [3, 32, 32], [2, 33, 40], [1, 256, 256]] as const
  ) {
    const shape = { batch, channels: 1, height, width };
    const { pixels, perImage, total } = pixelBands(shape);
    assert.equal(pixels % 4, 0);
    assert.ok(pixels * perImage >= height * width && pixels * (perImage - 1) < height * width);
    assert.ok(total % 4 === 0 && total >= batch * perImage && total < batch * perImage + 4);
  }
  assert.deepEqual(pixelBands({ batch: 2, channels: 9, height: 8, width: 8 }, 16), {
    pixels: 16,
    perImage: 4,
    total: 8,
  });
});

Deno.test("size, imageSize: count elements", () => {
  const shape = { batch: 2, channels: 3, height: 5, width: 7 };
  assert.equal(imageSize(shape), 105);
  assert.equal(size(shape), 210);
});
