/**
 * Weight files: safetensors and PyTorch's checkpoints to state dicts, and back; models to ONNX.
 *
 * @example Convert a state dict to a checkpoint that PyTorch loads, and back
 * ```ts
 * import { readTorchCheckpoint, type StateDict, writeTorchCheckpoint } from "@unet/deno-unet/weights";
 *
 * const state: StateDict = new Map([["layer.weight", { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) }]]);
 * const bytes = writeTorchCheckpoint(state); // torch.load(path, weights_only=True) reads it
 * const again = await readTorchCheckpoint(bytes);
 * console.log(again.get("layer.weight")?.shape); // [2, 2]
 * ```
 *
 * @module
 */
export { exportOnnx } from "../onnx/export_model.ts";
export type { StateDict, Tensor } from "../tensor.ts";
export {
  readSafetensors,
  type SafetensorsFile,
  type StoredFloats,
  writeSafetensors,
} from "../weights/safetensors.ts";
export { readTorchCheckpoint } from "../weights/torch_checkpoint.ts";
export { writeTorchCheckpoint } from "../weights/torch_writer.ts";
export {
  readWeights,
  type WeightsFile,
  type WeightsFormat,
  weightsFormatOf,
  writeWeights,
} from "../weights/weights_file.ts";
