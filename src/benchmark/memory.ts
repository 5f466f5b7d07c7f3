/**
 * Peak memory of training: planned, which needs no GPU, and the bytes of the buffers that are made in fact.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { Trainer } from "../training/trainer.ts";
import type { PlanTarget } from "../unet/builder.ts";
import { completeConfig } from "../unet/config.ts";
import { recordPlan, trainingBytes } from "../unet/plan.ts";
import { UNet } from "../unet/unet.ts";
import type { NetworkShape } from "./network.ts";

/** Rows and columns of pictures in the table. */
export const MEMORY_SIZES = [64, 128, 256, 512, 1024];

/** Batches in the table. */
export const MEMORY_BATCHES = [1, 2, 4, 8, 16, 32, 64];

/** What is planned to need more is not allocated to be measured. */
const MOST_MEASURED = 2 * 2 ** 30;

/** Memory of one kind of batch, in bytes. */
export interface Memory extends NetworkShape {
  /** Parameters, gradients, moments, activations and all else that a plan names; null where none can be made. */
  readonly planned: number | null;
  /** Why no plan can be made; null where one can. */
  readonly refusal: string | null;
  /** Buffers that a trainer which is ready for such batches holds; null where that was not tried. */
  readonly measured: number | null;
}

/** Plans training for all sizes and batches of a network without touching a GPU. */
export function planTable(
  target: PlanTarget,
  filters: number,
  sizes: readonly number[] = MEMORY_SIZES,
  batches: readonly number[] = MEMORY_BATCHES,
): Memory[] {
  const config = completeConfig({ filters });
  return sizes.flatMap((size) =>
    batches.map((batch) => {
      const shape = { filters, size, batch, measured: null };
      try {
        const plan = recordPlan(config, target, { kind: "train", batch, height: size, width: size });
        return { ...shape, planned: trainingBytes(plan), refusal: null };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return { ...shape, planned: null, refusal: error.message.split("\n")[0]! };
      }
    })
  );
}

/** Makes a trainer ready for every batch of a table that fits into 2 GiB, and counts what it allocated. */
export async function measureTable(gpu: Gpu, table: readonly Memory[]): Promise<Memory[]> {
  const measured: Memory[] = [];
  let unet: UNet | undefined;
  try {
    for (const entry of table) {
      const { filters, size, batch, planned } = entry;
      if (planned === null || planned > MOST_MEASURED) {
        measured.push(entry);
        continue;
      }
      if (unet?.config.filters !== filters) {
        unet?.close();
        unet = await UNet.create(gpu, { filters });
      }
      const trainer = await Trainer.create(unet);
      try {
        await trainer.prepare(batch, size, size);
        measured.push({ ...entry, measured: trainer.byteLength });
      } finally {
        trainer.close();
      }
    }
    return measured;
  } finally {
    unet?.close();
  }
}
