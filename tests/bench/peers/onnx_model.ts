/**
 * The network as an ONNX model with PyTorch's initialization, for onnxruntime.
 *
 * @module
 */
import { joinBytes } from "../../../src/bytes.ts";
import { exportOnnx } from "../../../src/onnx/export_model.ts";
import { completeConfig } from "../../../src/unet/config.ts";
import { ORIGINAL_INPUT } from "../../../src/unet/model_format.ts";
import { blockToState, initialBlock, parameterTable } from "../../../src/unet/parameters.ts";

/** A model as `convert` writes it; input `images`, output `probabilities`. */
export function unetModel(filters: number): Uint8Array<ArrayBuffer> {
  const network = completeConfig({ filters });
  const table = parameterTable(network);
  const state = blockToState(table, initialBlock(table, 0));
  return joinBytes(exportOnnx({ state, description: { network, ...ORIGINAL_INPUT } }));
}
