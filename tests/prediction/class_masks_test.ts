import assert from "node:assert/strict";
import { classMargins, classMasks, decisionThreshold } from "../../src/prediction/class_masks.ts";
import type { ModelDescription } from "../../src/unet/model_format.ts";

const map = (...values: number[]) => ({ width: values.length, height: 1, data: Float32Array.from(values) });
const shown = (...args: Parameters<typeof classMasks>) =>
  classMasks(...args).map(({ data }) => data.join(""));

Deno.test("classMasks: the most probable class or the background; with a threshold, only above it; each for a sigmoid", () => {
  // In the last pixel two classes are as probable, and the background less.
  const maps = [map(0.75, 0.25, 0.375, 0, 0.4375), map(0.125, 0.5, 0.3125, 0.5, 0.4375)];
  assert.deepEqual(shown(maps, "softmax", null), ["10101", "01000"]);
  assert.deepEqual(shown(maps, "softmax", 0.5), ["10000", "00000"]);
  assert.deepEqual(shown(maps, "softmax", 0.25), ["10101", "01010"]);
  assert.deepEqual(shown(maps, "sigmoid", 0.4), ["10001", "01011"]);
  assert.deepEqual(
    shown(maps.slice(0, 1), "softmax", null),
    ["10000"],
    "one class has only the background to beat",
  );
});

Deno.test("classMargins: 1 where the model is certain of a class, -1 of another, near 0 where it is undecided", () => {
  const [first, second] = classMargins([map(1, 0, 0, 0.5), map(0, 1, 0, 0.5)], "softmax", null);
  assert.deepEqual([...first!], [1, -1, -1, Number.MIN_VALUE]);
  assert.deepEqual([...second!], [-1, 1, -1, 0]);
  assert.deepEqual([...classMargins([map(1, 0.75, 0.5, 0)], "sigmoid", 0.5)[0]!], [1, 0.5, 0, -1]);
});

Deno.test("decisionThreshold: the given one, the model's, or none for classes that exclude each other", () => {
  const network = { inChannels: 3, outChannels: 3, filters: 1, dropout: 0, norm: "none" } as const;
  const model = { network, size: 32, normalize: "imagenet", threshold: 0.4 } as ModelDescription;
  const exclusive = { ...model, network: { ...network, head: "softmax" } } as ModelDescription;
  assert.deepEqual([decisionThreshold(model, undefined), decisionThreshold(model, 0.7)], [0.4, 0.7]);
  assert.deepEqual([decisionThreshold(exclusive, null), decisionThreshold(exclusive, 0.7)], [null, 0.7]);
  const one = { ...exclusive, network: { ...network, outChannels: 2, head: "softmax" } } as ModelDescription;
  assert.equal(decisionThreshold(one, undefined), 0.4);
});
