/**
 * The state of a trainer: everything that the next step depends on, apart from settings.
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { MicroBatch } from "./batch_runner.ts";

/** The flat blocks of a state, one value per parameter each; `average`, the EMA, only if there is one. */
export const STATE_BLOCKS = ["weights", "firstMoment", "secondMoment", "average"] as const;

/** Blocks of values by name. */
export interface StateBlocks {
  /** The weights. */
  weights: Float32Array<ArrayBuffer>;
  /** Adam's first moment. */
  firstMoment: Float32Array<ArrayBuffer>;
  /** Adam's second moment. */
  secondMoment: Float32Array<ArrayBuffer>;
  /** EMA of the weights, if there is one. */
  average?: Float32Array<ArrayBuffer>;
}

/** Everything that the next training step depends on, apart from settings. */
export interface TrainerState extends StateBlocks {
  /** Training batches so far: the key of random draws. */
  step: number;
  /** Updates so far: the exponent of Adam's bias corrections, and the age of the EMA. */
  updates: number;
  /** Maximum images per micro-batch, if there is a limit: the last digits depend on it. */
  microBatch?: MicroBatch;
}

/** The device's buffers of the blocks. */
export type StateBuffers = Readonly<Record<Exclude<keyof StateBlocks, "average">, GPUBuffer>> & {
  readonly average?: GPUBuffer;
};

/**
 * Reads a block of `blockSize` values.
 *
 * @param scratch memory to reuse, if of that size: allocating as much again can take longer than reading
 */
export async function readBlock(
  gpu: Gpu,
  buffer: GPUBuffer,
  blockSize: number,
  scratch?: Float32Array<ArrayBuffer>,
): Promise<Float32Array<ArrayBuffer>> {
  const block = scratch?.length === blockSize ? scratch : new Float32Array(blockSize);
  await gpu.readInto(buffer, new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
  return block;
}

/** Reads all blocks; `scratch` is an earlier state whose memory is reused. */
export async function captureBlocks(
  gpu: Gpu,
  buffers: StateBuffers,
  blockSize: number,
  scratch?: StateBlocks,
): Promise<StateBlocks> {
  const blocks: Partial<StateBlocks> = {};
  for (const name of STATE_BLOCKS) {
    const buffer = buffers[name];
    if (buffer) blocks[name] = await readBlock(gpu, buffer, blockSize, scratch?.[name]);
  }
  return blocks as StateBlocks;
}

/**
 * Writes all blocks.
 *
 * @throws {TypeError} if the state is of another network, or only one of state and trainer has an EMA.
 */
export function restoreBlocks(gpu: Gpu, buffers: StateBuffers, blockSize: number, state: StateBlocks): void {
  for (const name of STATE_BLOCKS) {
    const [values, expected] = [state[name]?.length, buffers[name] && blockSize];
    if (values === expected) continue;
    throw new TypeError(
      `Cannot load the trainer's state: ${name} has ${values ?? "no"} values, expected ${expected ?? "none"}`,
    );
  }
  for (const name of STATE_BLOCKS) {
    const buffer = buffers[name];
    if (buffer) gpu.upload(buffer, 0, state[name]!);
  }
}
