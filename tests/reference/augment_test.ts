import assert from "node:assert/strict";
import { augmentBatch, cubicSpline, displacementAt, pcg4d } from "./augment.ts";
import { assertClose } from "../support/compare.ts";

const NONE = {
  flipHorizontal: false,
  flipVertical: false,
  rotation: 0,
  scale: 0,
  shift: 0,
  contrast: 0,
  brightness: 0,
  noise: 0,
};

Deno.test("augmentBatch: zero strength changes nothing, and half of all images are flipped exactly", () => {
  const shape = { batch: 1, channels: 1, maskChannels: 1, height: 2, width: 3 };
  const images = [1, 2, 3, 4, 5, 6];
  const masks = [0, 1, 0, 1, 1, 0];
  const same = augmentBatch(images, masks, shape, NONE, 1, 1);
  assert.deepEqual([...same.images], images);
  assert.deepEqual([...same.masks], masks);

  let flipped = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { images: result } = augmentBatch(images, masks, shape, { ...NONE, flipHorizontal: true }, seed, 1);
    if (result[0] === 3) {
      flipped++;
      assert.deepEqual([...result], [3, 2, 1, 6, 5, 4]);
    } else assert.deepEqual([...result], images);
  }
  assert.ok(flipped > 70 && flipped < 130, `${flipped} of 200`);
});

Deno.test("pcg4d: four uniformly distributed integers", () => {
  const counts = new Array(16).fill(0);
  for (let i = 0; i < 4000; i++) for (const value of pcg4d(i, 2, 3, 4)) counts[value >>> 28]++;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 150, `${counts}`);
});

Deno.test("cubicSpline: shifted by whole cells it sums to 1, repeats straight lines, and is smooth", () => {
  const close = (value: number, expected: number, absolute: number) =>
    assertClose([value], [expected], { absolute, label: "spline" });
  for (const t of [0, 0.25, 0.7, 1 - 1e-9]) {
    const weights = [-1, 0, 1, 2].map((place) => cubicSpline(t - place));
    close(weights.reduce((sum, value) => sum + value, 0), 1, 1e-12);
    close(weights.reduce((sum, value, index) => sum + value * (index - 1), 0), t, 1e-12);
  }
  for (const knot of [0, 1, 2]) {
    const second = (at: number) =>
      (cubicSpline(at + 1e-4) - 2 * cubicSpline(at) + cubicSpline(at - 1e-4)) / 1e-8;
    close(second(knot + 2e-4), second(knot - 2e-4), 2e-3);
  }
});

Deno.test("displacementAt: along both axes within 1, another for each image, step and seed", () => {
  const values = [[0, 1, 1], [1, 1, 1], [0, 2, 1], [0, 1, 2]].map(([image, step, seed]) =>
    displacementAt([0.3, 0.8], image!, step!, seed!)
  );
  assert.equal(new Set(values.flat()).size, 8);
  assert.ok(values.flat().every((value) => Math.abs(value) < 1));
});
