import assert from "node:assert/strict";
import { assertClose } from "../support/compare.ts";
import { differenceGradient, dot } from "../support/finite_difference.ts";
import { reluBackward, reluForward, sigmoid } from "./activation.ts";

Deno.test("reluForward, reluBackward: equal finite differences, and are 0 at 0", () => {
  const output = reluForward([-2, -0, 0, 3]);
  assert.deepEqual([...output], [0, 0, 0, 3]);
  assert.deepEqual([...reluBackward(output, [5, 6, 7, 8])], [0, 0, 0, 8]);
  const input = new Float64Array([-2, 0.5, 3]);
  const numeric = differenceGradient(() => dot(reluForward(input), [5, 6, 7]), input);
  assertClose(reluBackward(reluForward(input), [5, 6, 7]), numeric, { absolute: 1e-8, label: "gradient" });
});

Deno.test("sigmoid: neither overflows nor loses small values", () => {
  const values = sigmoid([0, 1, -1, 1000, -1000, -700, 40]);
  const expected = [0.5, 1 / (1 + Math.exp(-1)), 1 / (1 + Math.E), 1, 0, Math.exp(-700), 1];
  assertClose(values, expected, { relative: 1e-15, label: "sigmoid" });
});
