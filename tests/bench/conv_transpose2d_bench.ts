/** The 2 x 2 transposed convolution, forward alone and with its gradients. */
import type { Gpu } from "../../src/gpu/gpu.ts";
import { Builder } from "../../src/unet/builder.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { convTranspose2d } from "../../src/unet/conv_transpose2d.ts";
import { planTarget } from "../../src/unet/executor.ts";
import { parameterTable } from "../../src/unet/parameters.ts";
import { Standalone } from "../../src/unet/standalone.ts";
import { benchGpu } from "../support/kernel_bench.ts";

const BATCH = 4;
const CONFIG = completeConfig({ filters: 8 });
const TABLE = parameterTable(CONFIG);

function record(gpu: Gpu, layer: string, size: number, backward: boolean): Promise<Standalone> {
  const [inputs, outputs] = TABLE.get(`${layer}.weight`).shape as [number, number];
  const builder = new Builder(CONFIG, TABLE, planTarget(gpu), backward);
  const region = builder.recorder.fixed("input", BATCH * inputs * size * size);
  const shape = { batch: BATCH, channels: inputs, height: size, width: size };
  const output = convTranspose2d(builder, layer, { shape, region, kind: "relu", gradientScale: 1 }, outputs);
  output.gradient = builder.recorder.fixed("gradient", BATCH * outputs * size * size * 4);
  builder.emitBackward();
  return Standalone.create(gpu, builder.recorder.steps);
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
