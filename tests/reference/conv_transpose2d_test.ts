import assert from "node:assert/strict";
import { assertClose } from "../support/compare.ts";
import { differenceGradient, dot } from "../support/finite_difference.ts";
import { Random } from "../support/random.ts";
import {
  convTranspose2dBiasGrad,
  convTranspose2dDgrad,
  convTranspose2dForward,
  convTranspose2dWgrad,
} from "./conv_transpose2d.ts";

Deno.test("convTranspose2dForward: each input value fills a 2 x 2 block with the scaled kernel", () => {
  const shape = { batch: 1, inChannels: 1, outChannels: 1, height: 1, width: 2 };
  const output = convTranspose2dForward([1, 10], [1, 2, 3, 4], [100], shape);
  assert.deepEqual([...output], [101, 102, 110, 120, 103, 104, 130, 140]);
});

for (const [batch, inChannels, outChannels, height, width] of [[2, 3, 2, 2, 3], [1, 1, 1, 1, 1]] as const) {
  const shape = { batch, inChannels, outChannels, height, width };
  Deno.test(`convTranspose2dDgrad, -Wgrad, -BiasGrad: equal finite differences, ${Object.values(shape)}`, () => {
    const random = new Random(12);
    const draw = (count: number) => Float64Array.from(random.floats(count));
    const input = draw(batch * inChannels * height * width);
    const weight = draw(inChannels * outChannels * 4);
    const bias = draw(outChannels);
    const gradOutput = draw(batch * outChannels * 4 * height * width);
    const scalar = () => dot(convTranspose2dForward(input, weight, bias, shape), gradOutput);
    const absolute = 1e-8;
    const dgrad = convTranspose2dDgrad(gradOutput, weight, shape);
    assertClose(dgrad, differenceGradient(scalar, input), { absolute, label: "dgrad" });
    const wgrad = convTranspose2dWgrad(input, gradOutput, shape);
    assertClose(wgrad, differenceGradient(scalar, weight), { absolute, label: "wgrad" });
    const biasGrad = convTranspose2dBiasGrad(gradOutput, shape);
    assertClose(biasGrad, differenceGradient(scalar, bias), { absolute, label: "bias" });
  });
}
