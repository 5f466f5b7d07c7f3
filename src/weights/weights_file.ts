/**
 * Weights in either format: told apart by content when read, for file names lie more often than first bytes, and
 * by the file's name when written.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import { quote } from "./message.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { readTorchCheckpoint } from "./torch_checkpoint.ts";
import { writeTorchCheckpoint } from "./torch_writer.ts";
import { beginsAsZip } from "./zip_reader.ts";

/** The formats that hold weights: safetensors, and PyTorch's checkpoints (`.pth`, `.pt`). */
export type WeightsFormat = "safetensors" | "torch";

/** What {@linkcode readWeights} finds in a file. */
export interface WeightsFile {
  /** The format that the bytes are in. */
  format: WeightsFormat;
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

/**
 * Writes float32 weights in a format; a PyTorch checkpoint has no room for metadata and drops it.
 *
 * @throws what {@linkcode writeSafetensors} or {@linkcode writeTorchCheckpoint} throws
 */
export function writeWeights({ format, tensors, metadata }: WeightsFile): Uint8Array {
  return format === "torch" ? writeTorchCheckpoint(tensors) : writeSafetensors(tensors, metadata);
}

/**
 * The format that a file of this name is written in.
 *
 * @throws {RangeError} where the name ends in neither `.safetensors` nor `.pth` nor `.pt`
 */
export function weightsFormatOf(path: string): WeightsFormat {
  const lower = path.toLowerCase();
  if (lower.endsWith(".safetensors")) return "safetensors";
  if (lower.endsWith(".pth") || lower.endsWith(".pt")) return "torch";
  throw new RangeError(
    `Cannot tell the format of ${quote(path)}\nhint: end its name in .safetensors, .pth or .pt`,
  );
}
