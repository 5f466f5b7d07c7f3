/**
 * Weights in either format, told apart by their content: file names lie more often than first bytes.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import { readSafetensors } from "./safetensors.ts";
import { readTorchCheckpoint } from "./torch_checkpoint.ts";
import { beginsAsZip } from "./zip_reader.ts";

/** What {@linkcode readWeights} finds in a file. */
export interface WeightsFile {
  /** The format that the bytes are in. */
  format: "safetensors" | "torch";
  /** The weights by name, as float32. */
  tensors: StateDict;
  /** The notes of a safetensors file; none in a PyTorch checkpoint. */
  metadata: Record<string, string>;
}

/**
 * Reads safetensors or a PyTorch checkpoint.
 *
 * @throws what {@linkcode readSafetensors} or {@linkcode readTorchCheckpoint} throws
 */
export async function readWeights(bytes: Uint8Array): Promise<WeightsFile> {
  // A safetensors header is JSON from byte 8 on. Where neither begins as it should, the checkpoint reader's
  // messages name what the file is.
  if (bytes[8] === 0x7b && !beginsAsZip(bytes)) return { format: "safetensors", ...readSafetensors(bytes) };
  return { format: "torch", tensors: await readTorchCheckpoint(bytes), metadata: {} };
}
