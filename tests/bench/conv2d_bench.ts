/** The 3 x 3 convolution with both gradients, with the kernels that a plan for this adapter chooses. */
import { CONV_SHAPES, convOperations } from "../../src/benchmark/kernels.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { DIRECTIONS, recordConv } from "../../src/tuning/single_conv.ts";
import { Standalone } from "../../src/tuning/standalone.ts";
import { benchGpu } from "../support/kernel_bench.ts";

for (const shape of CONV_SHAPES) {
  for (const direction of DIRECTIONS) {
    const name = `conv2d ${direction}: ${shape.channels} channels at ${shape.size}, batch ${shape.batch}`;
    benchGpu(
      name,
      { operations: convOperations(shape) },
      (gpu) => Standalone.create(gpu, recordConv(planTarget(gpu), shape, direction).steps),
    );
  }
}
