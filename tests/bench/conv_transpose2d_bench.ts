/** The 2 x 2 transposed convolution, forward alone and with its gradients. */
import type { Gpu } from "../../src/gpu/gpu.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/unet/executor.ts";
import { parameterTable } from "../../src/unet/parameters.ts";
import { recordConvTranspose } from "../../src/tuning/single_conv.ts";
import { Standalone } from "../../src/tuning/standalone.ts";
import { benchGpu } from "../support/kernel_bench.ts";

const BATCH = 4;
const CONFIG = completeConfig({ filters: 8 });
const TABLE = parameterTable(CONFIG);

function record(gpu: Gpu, layer: string, size: number, backward: boolean): Promise<Standalone> {
  const [channels] = TABLE.get(`${layer}.weight`).shape;
  const shape = { batch: BATCH, channels: channels!, height: size, width: size };
  return Standalone.create(gpu, recordConvTranspose(planTarget(gpu), CONFIG, layer, shape, backward));
}

for (const [layer, size] of [["up1.up", 8], ["up3.up", 32], ["up5.up", 64]] as const) {
  const { size: weights, shape } = TABLE.get(`${layer}.weight`);
  const operations = 2 * weights * size * size * BATCH;
  const title = `${shape[0]} to ${shape[1]} channels from ${size}, batch ${BATCH}`;
  for (const backward of [false, true]) {
    const name = `conv_transpose2d ${backward ? "forward and backward" : "forward"}: ${title}`;
    benchGpu(
      name,
      { operations: backward ? 3 * operations : operations },
      (gpu) => record(gpu, layer, size, backward),
    );
  }
}
