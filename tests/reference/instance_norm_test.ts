import { assertClose } from "../support/compare.ts";
import { differenceGradient, dot } from "../support/finite_difference.ts";
import { Random } from "../support/random.ts";
import { INSTANCE_NORM_EPSILON, instanceNormBackward, instanceNormForward } from "./instance_norm.ts";

Deno.test("instanceNormForward: a hand-computed example", () => {
  const deviation = Math.sqrt(1 + INSTANCE_NORM_EPSILON);
  const output = instanceNormForward([1, 3, 7, 7], [2, 5], [10, 20], { batch: 1, channels: 2, count: 2 });
  assertClose(output, [10 - 2 / deviation, 10 + 2 / deviation, 20, 20], { absolute: 1e-14, label: "output" });
});

for (const count of [1, 2, 12]) {
  Deno.test(`instanceNormBackward: equals finite differences, ${count} values per channel`, () => {
    const shape = { batch: 2, channels: 3, count };
    const random = new Random(14);
    const draw = (count: number) => Float64Array.from(random.floats(count));
    const input = draw(6 * count).map((value) => 3 * value + 1);
    const weight = draw(3);
    const bias = draw(3);
    const gradOutput = draw(input.length);
    const { gradInput, gradWeight, gradBias } = instanceNormBackward(input, weight, gradOutput, shape);
    const scalar = () => dot(instanceNormForward(input, weight, bias, shape), gradOutput);
    const absolute = 1e-7;
    assertClose(gradInput, differenceGradient(scalar, input), { absolute, label: "input" });
    assertClose(gradWeight, differenceGradient(scalar, weight), { absolute, label: "weight" });
    assertClose(gradBias, differenceGradient(scalar, bias), { absolute, label: "bias" });
  });
}
