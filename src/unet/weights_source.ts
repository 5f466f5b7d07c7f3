/**
 * Weights that are read piece by piece, straight into the device's buffer: a file of 124 MB is never whole in memory.
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { checkFinite, checkShapes, type ParameterTable } from "./parameters.ts";

/** Where weights are read from. */
export interface WeightsSource {
  /** Shape and number of values of each tensor. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly size: number }>;
  /**
   * Reads all values, once, and hands them over in pieces: those of a tensor from index `first` on. A piece is valid
   * until the function returns.
   */
  pour(take: (name: string, first: number, values: Float32Array<ArrayBuffer>) => void): Promise<void>;
}

/** Values that are handed to the device at a time, so that the staging memory of one piece serves the next. */
const FLUSH_VALUES = 2 ** 20;

/**
 * Fills the buffer of a network's weights.
 *
 * @throws {TypeError} naming tensors that are missing, unexpected or of another shape.
 * @throws {RangeError} naming a tensor with a value that is not finite, and what the source throws.
 */
export async function pourWeights(
  gpu: Gpu,
  weights: GPUBuffer,
  table: ParameterTable,
  source: WeightsSource,
): Promise<void> {
  checkShapes(table, source.tensors);
  let waiting = 0;
  await source.pour((name, first, values) => {
    checkFinite(name, values, first);
    gpu.write(weights, 4 * (table.get(name).offset + first), values);
    waiting += values.length;
    if (waiting < FLUSH_VALUES) return;
    gpu.flush();
    waiting = 0;
  });
}
