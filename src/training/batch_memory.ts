/**
 * How much of a batch is on the device at once: all of it, or parts where it would not fit or is to take less memory.
 * Pure: nothing is allocated.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { GpuDescription } from "../gpu/adapter.ts";
import type { Chunk } from "../layers/activation.ts";
import { SIZE_STEP, type UNetConfig } from "../unet/config.ts";
import { planTarget } from "../layers/plan_target.ts";
import {
  placeAmong,
  type Plan,
  planBytes,
  type PlanSpec,
  recordPlan,
  trainingBytes,
} from "../unet/network_plan.ts";

/**
 * `low` computes a batch in parts and their forward twice, so that it takes half the memory; the result is the same
 * but for the order of sums over images.
 */
export type MemoryUse = "normal" | "low";

/** A batch: its images and their extents. */
export type BatchShape = Pick<PlanSpec, "batch" | "height" | "width">;

/** What training with a batch takes. */
export interface BatchMemory {
  /** Images that are computed at once, at most. */
  readonly atOnce: number;
  /** Parts that the batch is computed in; 1 for the whole at once. */
  readonly parts: number;
  /** Bytes of everything that training holds. */
  readonly byteLength: number;
  /** Those of them that grow with the batch and its images: not parameters, gradients and moments. */
  readonly batchBytes: number;
}

/**
 * Pixels of the deepest level that a part has at least: with fewer, it takes nearly as long there as the whole batch.
 * On lavapipe at 8 filters, 128 px, batch 8, a step took 1.3 times as long in parts of 4, 1.7 in parts of 2.
 */
const LEAST_DEEP_PIXELS = 64;

/** What a cut must save of the whole where it does not save half. */
const LEAST_SAVING = 1 / 4;

/** Cuts a batch into the fewest parts of at most `atOnce` images; sizes differ by one at most, the larger come last. */
export function cutBatch(batch: number, atOnce: number): Chunk[] {
  const parts = Math.max(1, Math.ceil(batch / Math.max(1, atOnce)));
  const smaller = parts - batch % parts;
  const size = Math.floor(batch / parts);
  return Array.from({ length: parts }, (_, part) => ({
    first: part * size + Math.max(0, part - smaller),
    count: part < smaller ? size : size + 1,
  }));
}

/** Images that are tried next where `atOnce` do not fit. */
export function fewerAtOnce(batch: number, atOnce: number): number {
  return Math.ceil(Math.min(batch, atOnce) / 2);
}

/**
 * Plans training with a batch: the whole at once, or the largest of its halves that the device's limits allow; with
 * `low`, in the fewest parts that take half the memory of that. Where parameters are so much of it that no parts do,
 * the fewest that halve what the batch takes beside them, else the smallest there may be; and where that would save
 * little, nothing is cut.
 *
 * @throws {RangeError} where height or width is no multiple of 32.
 * @throws {CapacityError} where not even one image fits.
 */
export function planBatch(
  config: UNetConfig,
  gpu: GpuDescription,
  shape: BatchShape,
  memory: MemoryUse,
): BatchMemory {
  const normal = planFitting(config, gpu, shape);
  if (memory === "normal") return normal;
  const least = LEAST_DEEP_PIXELS * SIZE_STEP ** 2 / (shape.height * shape.width);
  const sizes = partSizes(shape.batch).filter((size) => size < normal.atOnce && size >= least);
  if (sizes.length === 0) return normal;
  const plans = new Map<number, BatchMemory>();
  const planOf = (size: number) => {
    let plan = plans.get(size);
    if (!plan) plans.set(size, plan = planParts(config, gpu, shape, size));
    return plan;
  };
  const smallest = sizes.at(-1)!;
  let best = planOf(smallest);
  for (const bytes of ["batchBytes", "byteLength"] as const) {
    const halves = (size: number) => 2 * planOf(size)[bytes] <= normal[bytes];
    if (halves(smallest)) best = planOf(largest(sizes, halves));
  }
  return best.byteLength <= (1 - LEAST_SAVING) * normal.byteLength ? best : normal;
}

/** The most images of the halves of a batch that a device's limits allow at once. */
function planFitting(config: UNetConfig, gpu: GpuDescription, shape: BatchShape): BatchMemory {
  for (let atOnce = shape.batch;; atOnce = fewerAtOnce(shape.batch, atOnce)) {
    try {
      return planParts(config, gpu, shape, atOnce);
    } catch (error) {
      if (!(error instanceof CapacityError) || atOnce === 1) throw error;
    }
  }
}

function planParts(config: UNetConfig, gpu: GpuDescription, shape: BatchShape, atOnce: number): BatchMemory {
  const parts = cutBatch(shape.batch, atOnce);
  const partOf = parts.length > 1 ? shape.batch : undefined;
  const record = (batch: number) =>
    recordPlan(config, planTarget(gpu), { ...shape, batch, kind: "train", partOf });
  const plan = record(parts.at(-1)!.count);
  checkBuffers(plan, gpu.limits.maxBufferSize);
  const smaller = parts[0]!.count;
  // The slots of the largest part serve the smaller ones; seldom they do not suffice.
  const { byteLength } = smaller < plan.spec.batch
    ? placeAmong(record(smaller), plan.memory.slots)
    : plan.memory;
  const more = byteLength - plan.memory.byteLength;
  return {
    atOnce: plan.spec.batch,
    parts: parts.length,
    byteLength: trainingBytes(plan) + more,
    batchBytes: planBytes(plan) + more,
  };
}

function checkBuffers({ memory, regions }: Plan, maxBufferSize: number): void {
  const largest = Math.max(...memory.slots, regions.images.byteLength);
  if (largest > maxBufferSize) {
    throw new CapacityError(
      `Cannot plan a batch: ${largest} bytes of it are one buffer, the device allows ${maxBufferSize}\n` +
        "hint: use smaller images or fewer filters",
    );
  }
}

/** The sizes of the largest part, from the whole batch down to one image. */
function partSizes(batch: number): number[] {
  const sizes = Array.from({ length: batch }, (_, index) => Math.ceil(batch / (index + 1)));
  return sizes.filter((size, index) => size !== sizes[index - 1]);
}

/** The first of descending sizes that suits, where all smaller ones do and the last is known to. */
function largest(sizes: readonly number[], suits: (size: number) => boolean): number {
  let [low, high] = [0, sizes.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (suits(sizes[middle]!)) high = middle;
    else low = middle + 1;
  }
  return sizes[high]!;
}
