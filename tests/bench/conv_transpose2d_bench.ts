/** The 2 x 2 transposed convolution, forward only and with its gradients. */
import { recordConvTranspose } from "../../src/tuning/single_conv.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { Standalone } from "../../src/tuning/standalone.ts";
import { benchGpu } from "../support/kernel_bench.ts";

const BATCH = 4;

// Sizes of a network with 8 filters.
for (const [channels, size] of [[256, 8], [64, 32], [16, 64]] as const) {
  const outputs = channels / 2;
  const operations = 2 * 4 * channels * outputs * size * size * BATCH;
  const title = `${channels} to ${outputs} channels from ${size}, batch ${BATCH}`;
  const shape = { batch: BATCH, channels, height: size, width: size };
  for (const backward of [false, true]) {
    const name = `conv_transpose2d ${backward ? "forward and backward" : "forward"}: ${title}`;
    benchGpu(
      name,
      { operations: backward ? 3 * operations : operations },
      (gpu) => Standalone.create(gpu, recordConvTranspose(planTarget(gpu), shape, outputs, backward)),
    );
  }
}
