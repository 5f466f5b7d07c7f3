/**
 * How much of a batch is on the device at a time: all of it, or a micro-batch if the whole would not fit or is to take
 * less memory. Pure: nothing is allocated. This module is browser compatible.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import { adapterKind, type GpuDescription } from "../gpu/adapter.ts";
import type { Chunk } from "../layers/activation.ts";
import { sizeStep, type UNetConfig } from "../unet/config.ts";
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
 * `low` computes a batch in micro-batches with their forward twice, which takes half the memory; the result is the same
 * except for the order of sums over images.
 */
export type MemoryUse = "normal" | "low";

/** A batch: its images and their extents. */
export type BatchShape = Pick<PlanSpec, "batch" | "height" | "width">;

/** What training with a batch takes. */
export interface BatchMemory {
  /** Images of the largest micro-batch. */
  readonly microBatch: number;
  /** Micro-batches of the batch; 1 if it is computed whole. */
  readonly microBatches: number;
  /** Bytes of everything that training holds. */
  readonly byteLength: number;
  /** Bytes of those that grow with the batch: without parameters, gradients, moments, and results that are kept. */
  readonly batchBytes: number;
}

/** Minimum pixels of a micro-batch at the deepest level: with fewer, it takes nearly as long there as the whole batch. */
const LEAST_DEEP_PIXELS = 64;

/**
 * Pixels at the deepest level from which a micro-batch fills the tiles of a software adapter's products. On lavapipe at 8
 * filters, 128 px, batch 16, a step takes 1.3 times as long in micro-batches of 8, 1.6 in those of 6. On hardware memory
 * comes first.
 */
const ENOUGH_DEEP_PIXELS = { software: 128, hardware: LEAST_DEEP_PIXELS };

/** Micro-batches whose deepest results may be kept. */
const MOST_KEPT = 7;

/** The share of the whole that cutting must save if it cannot save half. */
const LEAST_SAVING = 0.27;

/** Cuts a batch into the fewest micro-batches of at most `most` images; sizes differ by one at most, larger ones last. */
export function cutBatch(batch: number, most: number): Chunk[] {
  const pieces = Math.max(1, Math.ceil(batch / Math.max(1, most)));
  const smaller = pieces - batch % pieces;
  const size = Math.floor(batch / pieces);
  return Array.from({ length: pieces }, (_, piece) => ({
    first: piece * size + Math.max(0, piece - smaller),
    count: piece < smaller ? size : size + 1,
  }));
}

/**
 * What to keep of the first forward of a micro-batch: nothing of the last one, whose results still exist, and nothing if
 * there are so many micro-batches that a program for each would take long to prepare.
 */
export function runsTwice(index: number, microBatches: number): PlanSpec["twice"] {
  const of = microBatches - 1;
  return index < of && of <= MOST_KEPT ? { index, of } : undefined;
}

/** The size to try next if micro-batches of `microBatch` images do not fit. */
export function smallerMicroBatch(batch: number, microBatch: number): number {
  return Math.ceil(Math.min(batch, microBatch) / 2);
}

/**
 * Plans training with a batch: the whole, or the largest of its halves that the device's limits allow; with `low`, in
 * the fewest micro-batches that take half the memory of that. If parameters take so much that no cut does, the fewest
 * that halve the memory of the batch itself, or else the smallest allowed; and if that would save little, nothing is
 * cut. Micro-batches too small to be fast are used only if larger ones do neither.
 *
 * @throws {RangeError} if height or width is not a multiple of 32.
 * @throws {CapacityError} if not even one image fits.
 */
export function planBatch(
  config: UNetConfig,
  gpu: GpuDescription,
  shape: BatchShape,
  memory: MemoryUse,
): BatchMemory {
  const normal = planFitting(config, gpu, shape);
  if (memory === "normal") return normal;
  const deepPixels = shape.height * shape.width / sizeStep(config) ** 2;
  const sizes = microBatchSizes(shape.batch)
    .filter((size) => size < normal.microBatch && size * deepPixels >= LEAST_DEEP_PIXELS);
  if (sizes.length === 0) return normal;
  const plans = new Map<number, BatchMemory>();
  const planOf = (size: number) => {
    let plan = plans.get(size);
    if (!plan) plans.set(size, plan = planMicroBatches(config, gpu, shape, size));
    return plan;
  };
  const enough = ENOUGH_DEEP_PIXELS[adapterKind(gpu.adapter)];
  const fast = sizes.filter((size) => size * deepPixels >= enough);
  const halving = [fast, sizes].flatMap((allowed) =>
    (["byteLength", "batchBytes"] as const).map((bytes) => {
      const halves = (size: number) => 2 * planOf(size)[bytes] <= normal[bytes];
      return allowed.length > 0 && halves(allowed.at(-1)!) ? largest(allowed, halves) : undefined;
    })
  );
  const best = planOf(halving.find((size) => size !== undefined) ?? sizes.at(-1)!);
  return best.byteLength <= (1 - LEAST_SAVING) * normal.byteLength ? best : normal;
}

/** The largest of a batch and its repeated halves that the device's limits allow. */
function planFitting(config: UNetConfig, gpu: GpuDescription, shape: BatchShape): BatchMemory {
  for (let size = shape.batch;; size = smallerMicroBatch(shape.batch, size)) {
    try {
      return planMicroBatches(config, gpu, shape, size);
    } catch (error) {
      if (!(error instanceof CapacityError) || size === 1) throw error;
    }
  }
}

function planMicroBatches(
  config: UNetConfig,
  gpu: GpuDescription,
  shape: BatchShape,
  most: number,
): BatchMemory {
  const cut = cutBatch(shape.batch, most);
  const partOf = cut.length > 1 ? shape.batch : undefined;
  const last = cut.length - 1;
  const record = (index: number) =>
    recordPlan(config, planTarget(gpu), {
      ...shape,
      batch: cut[index]!.count,
      kind: "train",
      partOf,
      twice: runsTwice(index, cut.length),
    });
  const plan = record(last);
  checkBuffers(plan, gpu.limits.maxBufferSize);
  // The others reuse the slots of the last, which is the largest; rarely these are not enough.
  let { memory } = plan;
  let kept = 0;
  const others = new Map<number, Plan>();
  for (let index = last - 1; index >= 0; index--) {
    const { count } = cut[index]!;
    const other = others.get(count) ?? record(index);
    if (!others.has(count)) memory = placeAmong(other, memory.slots);
    others.set(count, other);
    kept += other.kept.byteLength;
  }
  const more = memory.byteLength - plan.memory.byteLength + kept;
  return {
    microBatch: plan.spec.batch,
    microBatches: cut.length,
    byteLength: trainingBytes(plan) + more,
    batchBytes: planBytes(plan) + more - kept,
  };
}

function checkBuffers({ memory, regions }: Plan, maxBufferSize: number): void {
  const largest = Math.max(...memory.slots, regions.images.byteLength);
  if (largest > maxBufferSize) {
    throw new CapacityError(
      `Cannot plan a batch: it needs a buffer of ${largest} bytes, the device allows ${maxBufferSize}\n` +
        "hint: use smaller images or fewer filters",
    );
  }
}

/** Sizes of the largest micro-batch, from the whole batch down to one image. */
function microBatchSizes(batch: number): number[] {
  const sizes = Array.from({ length: batch }, (_, index) => Math.ceil(batch / (index + 1)));
  return sizes.filter((size, index) => size !== sizes[index - 1]);
}

/** The first of descending sizes that suits, given that the last one does and so do all after the first. */
function largest(sizes: readonly number[], suits: (size: number) => boolean): number {
  let [low, high] = [0, sizes.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (suits(sizes[middle]!)) high = middle;
    else low = middle + 1;
  }
  return sizes[high]!;
}
