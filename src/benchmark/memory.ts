/**
 * Peak memory of training: as planned, which needs no GPU, and as allocated.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { GpuDescription } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type MemoryUse, planBatch } from "../training/batch_memory.ts";
import { Trainer } from "../training/trainer.ts";
import { completeConfig } from "../unet/config.ts";
import { UNet } from "../unet/unet.ts";
import type { NetworkShape } from "./network_bench.ts";

/** Heights and widths of images in the table. */
export const MEMORY_SIZES = [64, 128, 256, 512, 1024];

/** Batch sizes in the table. */
export const MEMORY_BATCHES = [1, 2, 4, 8, 16, 32, 64];

/** Batches whose plan needs more bytes are not allocated. */
const MOST_MEASURED = 2 * 2 ** 30;

/** Memory of training on batches of one shape, in bytes. */
export interface Memory extends NetworkShape {
  /** Parameters, gradients, moments, activations and everything else in the plan; null if there is no plan. */
  readonly planned: number | null;
  /** Number of micro-batches; more than 1 if the batch exceeds a limit of the device. */
  readonly microBatches: number;
  /** Why there is no plan; null if there is one. */
  readonly refusal: string | null;
  /** Buffers of a trainer that is ready for such batches; null if it was not tried. */
  readonly measured: number | null;
  /** The same with `memory` set to `low`; null if there is no plan. */
  readonly low: Pick<Memory, "planned" | "microBatches" | "measured"> | null;
}

/** Plans training for all sizes and batches of a network without touching a GPU. */
export function planTable(
  gpu: GpuDescription,
  filters: number,
  sizes: readonly number[] = MEMORY_SIZES,
  batches: readonly number[] = MEMORY_BATCHES,
): Memory[] {
  const config = completeConfig({ filters });
  return sizes.flatMap((size) =>
    batches.map((batch) => {
      const plan = (use: MemoryUse) => {
        const { byteLength, microBatches } = planBatch(config, gpu, {
          batch,
          height: size,
          width: size,
        }, use);
        return { planned: byteLength, microBatches, measured: null };
      };
      try {
        return { filters, size, batch, ...plan("normal"), refusal: null, low: plan("low") };
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        const refusal = error.message.split("\n")[0]!;
        return { filters, size, batch, planned: null, microBatches: 1, measured: null, refusal, low: null };
      }
    })
  );
}

/** Prepares a trainer for every batch of a table that fits into 2 GiB, and counts what it allocated. */
export async function measureTable(gpu: Gpu, table: readonly Memory[]): Promise<Memory[]> {
  const measured: Memory[] = [];
  let unet: UNet | undefined;
  const measure = async (
    { filters, size, batch }: NetworkShape,
    planned: number | null,
    use: MemoryUse,
  ) => {
    if (planned === null || planned > MOST_MEASURED) return null;
    if (unet?.config.filters !== filters) {
      unet?.close();
      unet = await UNet.create(gpu, { filters });
    }
    const { microBatch } = planBatch(unet.config, gpu, { batch, height: size, width: size }, use);
    const trainer = await Trainer.create(unet, { microBatch });
    try {
      await trainer.prepare(batch, size, size);
      return trainer.byteLength;
    } finally {
      trainer.close();
    }
  };
  try {
    for (const entry of table) {
      const { planned, microBatches, low } = entry;
      const bytes = await measure(entry, planned, "normal");
      const lowBytes = low?.microBatches === microBatches
        ? bytes
        : await measure(entry, low?.planned ?? null, "low");
      measured.push({ ...entry, measured: bytes, low: low && { ...low, measured: lowBytes } });
    }
    return measured;
  } finally {
    unet?.close();
  }
}
