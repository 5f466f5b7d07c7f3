import assert from "node:assert/strict";
import { assertClose } from "../support/compare.ts";
import { differenceGradient, dot } from "../support/finite_difference.ts";
import { Random } from "../support/random.ts";
import { maxPool2dBackward, maxPool2dForward } from "./max_pool2d.ts";

Deno.test("maxPool2dForward, maxPool2dBackward: ties and NaN, computed by hand", () => {
  const input = [1, 2, 5, 5, 3, 0, 5, 5, 0, 0, NaN, 1, 0, 0, 2, 3];
  assert.deepEqual([...maxPool2dForward(input, 1, 4, 4)], [3, 5, 0, NaN]);
  const gradInput = maxPool2dBackward(input, [1, 2, 3, 4], 4);
  assert.deepEqual([...gradInput], [0, 0, 2, 0, 1, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0]);
});

Deno.test("maxPool2dBackward: equals finite differences", () => {
  const random = new Random(13);
  const [planes, height, width] = [6, 4, 6];
  const input = Float64Array.from(random.floats(planes * height * width));
  const gradOutput = Float64Array.from(random.floats(input.length / 4));
  const numeric = differenceGradient(
    () => dot(maxPool2dForward(input, planes, height, width), gradOutput),
    input,
  );
  assertClose(maxPool2dBackward(input, gradOutput, width), numeric, { absolute: 1e-8, label: "gradInput" });
});
