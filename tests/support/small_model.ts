/** A model with random weights, without a GPU. */
import { completeConfig, type UNetConfig } from "../../src/unet/config.ts";
import { type Model, type ModelDescription, packModel } from "../../src/unet/model_format.ts";
import { blockToState, initialValues, parameterTable } from "../../src/unet/parameters.ts";

/** A network of one filter for images of 32 pixels, unless others are given. */
export function smallModel(
  network: Partial<UNetConfig> = {},
  description: Partial<ModelDescription> = {},
): Model {
  const config = completeConfig({ filters: 1, ...network });
  const table = parameterTable(config);
  const block = new Float32Array(table.blockSize);
  for (const { offset, data } of initialValues(table, 1)) block.set(data, offset);
  return {
    state: blockToState(table, block),
    description: { network: config, size: 32, normalize: "imagenet", threshold: 0.5, ...description },
  };
}

/** Its file. */
export function smallModelBytes(description: Partial<ModelDescription> = {}): Uint8Array {
  return packModel(smallModel({}, description));
}
