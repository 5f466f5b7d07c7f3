import { deepStrictEqual, throws } from "node:assert/strict";
import { targetChannels, type TargetForm, writeTargets } from "../../src/dataset/targets.ts";

const LABELS = Uint8Array.of(0, 1, 2, 3, 255, 4);

function targets(form: TargetForm, labels = LABELS, overlaps?: number[][]): number[] {
  const values = new Float32Array(labels.length * targetChannels(form));
  writeTargets(labels, overlaps, form, values);
  return [...values];
}

Deno.test("writeTargets: sigmoid has a plane per class, softmax class indices; ignored pixels are -1 in each", () => {
  deepStrictEqual(targets({ classCount: 3, head: "sigmoid" }, LABELS, [[1, 3]]), [
    ...[0, 1, 0, 0, -1, 1],
    ...[0, 0, 1, 0, -1, 0],
    ...[0, 0, 0, 1, -1, 1],
  ]);
  deepStrictEqual(targets({ classCount: 4, head: "softmax" }), [0, 1, 2, 3, -1, 4]);
  deepStrictEqual(targets({ classCount: 1, head: "sigmoid" }, Uint8Array.of(1, 0, 255)), [1, 0, -1]);
});

Deno.test("writeTargets: refuses labels that stand for no class, and several classes for softmax", () => {
  throws(() => targets({ classCount: 3, head: "sigmoid" }), /label 4 of 3 classes/);
  throws(() => targets({ classCount: 3, head: "softmax" }, LABELS, [[1, 3]]), RangeError);
});
