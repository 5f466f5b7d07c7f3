import assert from "node:assert/strict";
import { meanLogits, mirror, MIRRORINGS } from "../../src/prediction/flips.ts";
import { softmaxChannels } from "../../src/unet/probabilities.ts";
import { assertClose } from "../support/compare.ts";

const tensor = { shape: [2, 1, 2, 3], data: Float32Array.from({ length: 12 }, (_, i) => i) };

Deno.test("mirror: reverses columns and rows of every plane", () => {
  const expected = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9],
    [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8],
    [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6],
  ];
  MIRRORINGS.forEach((mirroring, index) => {
    const mirrored = mirror(tensor, mirroring);
    assert.deepEqual([...mirrored.data], expected[index]);
    assert.deepEqual(mirrored.shape, tensor.shape);
    assert.deepEqual(mirror(mirrored, mirroring).data, tensor.data, "twice is the image again");
  });
});

Deno.test("meanLogits: the logit of the mean probability, also near 0 and 1", () => {
  const views = [[0, 2, -30, 90, -200], [0, -1, -32, 80, 200]].map((values) => ({
    shape: [1, 1, 1, 5],
    data: Float32Array.from(values),
  }));
  const probability = (1 / (1 + Math.exp(-2)) + 1 / (1 + Math.exp(1))) / 2;
  const expected = [
    0,
    Math.log(probability / (1 - probability)),
    // Far out, probability or what it leaves to 1 is the exponential of the logit.
    Math.log((Math.exp(-30) + Math.exp(-32)) / 2),
    -Math.log((Math.exp(-90) + Math.exp(-80)) / 2),
    0,
  ];
  assertClose(meanLogits(views).data, expected, { absolute: 1e-5, label: "mean" });
});

Deno.test("meanLogits: with a softmax, the logarithms of the mean probabilities of all channels", () => {
  // One pixel of three channels; exp(-300) is no float32.
  const views = [[0, 1, 2], [3, -300, 3]].map((values) => ({
    shape: [1, 3, 1, 1],
    data: Float32Array.from(values),
  }));
  const found = softmaxChannels(meanLogits(views, "softmax"));
  const first = [1, Math.E, Math.E ** 2].map((power) => power / (1 + Math.E + Math.E ** 2));
  const expected = first.map((p, channel) => (p + (channel === 1 ? 0 : 0.5)) / 2);
  assertClose(found, expected, { absolute: 1e-6, label: "mean" });
  const silent = [{ shape: [1, 2, 1, 1], data: Float32Array.of(0, -400) }];
  assert.ok(meanLogits(silent, "softmax").data.every(Number.isFinite));
});

Deno.test("meanLogits: the mean of one view is that view", () => {
  const view = { shape: [1, 1, 1, 3], data: Float32Array.of(-3, 0.5, 8) };
  assertClose(meanLogits([view]).data, view.data, { absolute: 1e-6, label: "one view" });
});
