import assert from "node:assert/strict";
import { assertClose } from "../support/compare.ts";
import { differenceGradient, dot } from "../support/finite_difference.ts";
import { Random } from "../support/random.ts";
import { conv2dBiasGrad, conv2dDgrad, conv2dForward, type Conv2dShape, conv2dWgrad } from "./conv2d.ts";

const SHAPES: Conv2dShape[] = [
  { batch: 2, inChannels: 3, outChannels: 2, height: 4, width: 5, kernel: 3, padding: 1 },
  { batch: 1, inChannels: 1, outChannels: 1, height: 1, width: 1, kernel: 3, padding: 1 },
  { batch: 2, inChannels: 3, outChannels: 2, height: 2, width: 3, kernel: 1, padding: 0 },
  { batch: 1, inChannels: 2, outChannels: 2, height: 4, width: 5, kernel: 3, padding: 0 },
];

Deno.test("conv2dForward: a kernel that copies the upper left neighbor, computed by hand", () => {
  const shape: Conv2dShape = {
    batch: 1,
    inChannels: 1,
    outChannels: 1,
    height: 2,
    width: 3,
    kernel: 3,
    padding: 1,
  };
  const output = conv2dForward([1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0, 0, 0, 0], [10], shape);
  assert.deepEqual([...output], [10, 10, 10, 10, 11, 12]);
});

for (const shape of SHAPES) {
  Deno.test(`conv2dDgrad, conv2dWgrad, conv2dBiasGrad: equal finite differences, ${Object.values(shape)}`, () => {
    const random = new Random(11);
    const draw = (count: number) => Float64Array.from(random.floats(count));
    const input = draw(shape.batch * shape.inChannels * shape.height * shape.width);
    const weight = draw(shape.outChannels * shape.inChannels * shape.kernel ** 2);
    const bias = draw(shape.outChannels);
    const gradOutput = draw(conv2dForward(input, weight, bias, shape).length);
    const scalar = () => dot(conv2dForward(input, weight, bias, shape), gradOutput);
    const absolute = 1e-8;
    const gradients = {
      dgrad: [conv2dDgrad(gradOutput, weight, shape), differenceGradient(scalar, input)],
      wgrad: [conv2dWgrad(input, gradOutput, shape), differenceGradient(scalar, weight)],
      bias: [conv2dBiasGrad(gradOutput, shape), differenceGradient(scalar, bias)],
    } as const;
    for (const [label, [analytic, numeric]] of Object.entries(gradients)) {
      assertClose(analytic, numeric, { absolute, label });
    }
  });
}
