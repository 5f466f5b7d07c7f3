/**
 * Weights in either format: recognized by content when read, since file names mislead more often than first bytes,
 * and chosen by file name when written.
 * This module is browser compatible.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import { quote } from "./message.ts";
import { readSafetensors, type StoredFloats, writeSafetensors } from "./safetensors.ts";
import { readTorchCheckpoint } from "./torch_checkpoint.ts";
import { writeTorchCheckpoint } from "./torch_writer.ts";
import { beginsAsSafetensors, nameNoWeights } from "./signature.ts";
import { withoutWrapperPrefixes } from "./wrapper_prefixes.ts";

/** The weight formats: safetensors, and PyTorch's checkpoints (`.pth`, `.pt`). */
export type WeightsFormat = "safetensors" | "torch";

/** The content of a weights file. */
export interface WeightsFile {
  /** The format of the bytes. */
  format: WeightsFormat;
  /** The weights by name, as float32. */
  tensors: StateDict;
  /** The metadata of a safetensors file; empty for a PyTorch checkpoint. */
  metadata: Record<string, string>;
}

/**
 * Reads safetensors or a PyTorch checkpoint. Prefixes of wrappers (`module.`, `_orig_mod.`, `model.`) that all names share
 * are removed.
 *
 * @throws {SyntaxError} if it is something else, by name
 * @throws as {@linkcode readSafetensors} or {@linkcode readTorchCheckpoint}
 */
export async function readWeights(bytes: Uint8Array): Promise<WeightsFile> {
  if (beginsAsSafetensors(bytes)) {
    const { tensors, metadata } = readSafetensors(bytes);
    return { format: "safetensors", tensors: withoutWrapperPrefixes(tensors), metadata };
  }
  const other = nameNoWeights(bytes);
  if (other !== null) {
    throw new SyntaxError(`Cannot read the weights: the file is ${other.what}\nhint: ${other.hint}`);
  }
  return { format: "torch", tensors: await readTorchCheckpoint(bytes), metadata: {} };
}

/**
 * Writes float32 weights, or float16 ones as safetensors; a PyTorch checkpoint cannot hold metadata and drops it.
 *
 * @throws as {@linkcode writeSafetensors} or {@linkcode writeTorchCheckpoint}
 */
export function writeWeights({ format, tensors, metadata }: WeightsFile, type?: StoredFloats): Uint8Array {
  return format === "torch" ? writeTorchCheckpoint(tensors) : writeSafetensors(tensors, metadata, type);
}

/**
 * The format to write a file of this name in.
 *
 * @throws {RangeError} if the name ends in neither `.safetensors` nor `.pth` nor `.pt`
 */
export function weightsFormatOf(path: string): WeightsFormat {
  const lower = path.toLowerCase();
  if (lower.endsWith(".safetensors")) return "safetensors";
  if (lower.endsWith(".pth") || lower.endsWith(".pt")) return "torch";
  throw new RangeError(
    `Cannot tell the weight format of ${quote(path)}\nhint: the name must end in .safetensors, .pth or .pt`,
  );
}
