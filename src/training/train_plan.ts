/**
 * What a training will need, told before it starts.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices, nonDefaultChoices } from "../../kernels/variants.ts";
import { adapterKind, type GpuDescription } from "../gpu/adapter.ts";
import { planTarget } from "../layers/plan_target.ts";
import { parameterTable } from "../unet/parameters.ts";
import {
  placeAmong,
  type Plan,
  planBytes,
  type PlanRegions,
  recordPlan,
  trainingBytes,
} from "../unet/network_plan.ts";
import { cutBatch, type MemoryUse, planBatch } from "./batch_memory.ts";
import { networkConfig, type TrainConfig } from "./config.ts";
import type { SplitSummary } from "./data.ts";

/** Defaults, choices that were given (such as were timed on the adapter), or those that the run began with. */
export type ChoicesFrom = "defaults" | "given" | "run";
/** Memory of the device as planned. */
export interface PlannedMemory {
  /** Bytes of everything that training holds. */
  readonly bytes: number;
  /** Chunks that a whole batch is computed in: 1 where it is computed at once. */
  readonly chunks: number;
  /** Images of the largest chunk; absent where batches are computed whole. */
  readonly atOnce?: number;
}

/** A training before its first step. */
export interface TrainPlan {
  /** All settings. */
  readonly config: TrainConfig;
  /** The splits. */
  readonly data: Readonly<Record<"train" | "valid", SplitSummary>>;
  /** The device; null where there is none. */
  readonly adapter: string | null;
  /** Where the choices of kernel variants come from. */
  readonly choicesFrom: ChoicesFrom;
  /** Those of them that are other than by default. */
  readonly nonDefaultChoices: KernelChoices;
  /** Values that are trained. */
  readonly parameters: number;
  /** Bytes of the device's memory, as planned. */
  readonly memoryBytes: number;
  /** The device's memory with each setting of `memory`. */
  readonly memory: Readonly<Record<MemoryUse, PlannedMemory>>;
}

/** Stands for a device where a machine has none: a GPU of WebGPU's default limits. */
const SOME_GPU: GpuDescription = {
  adapter: { description: "", vendor: "", isFallback: false },
  limits: { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 },
  kernels: "fast",
  choices: defaultChoices("hardware"),
};

/**
 * Plans a training, without a device.
 *
 * @throws {RangeError} where the network or its batches exceed a limit of the device.
 */
export function planTraining(
  config: TrainConfig,
  data: TrainPlan["data"],
  gpu: GpuDescription | null,
  choicesFrom: ChoicesFrom = "defaults",
): TrainPlan {
  const { train, valid } = data;
  const device = gpu ?? { ...SOME_GPU, kernels: config.kernels, precision: config.precision };
  const planned = (use: MemoryUse) => planMemory(config, device, data, use);
  const memory = { normal: planned("normal"), low: planned("low") };
  return {
    config,
    data: { train: describe(train), valid: describe(valid) },
    adapter: gpu?.adapter.description ?? null,
    choicesFrom,
    nonDefaultChoices: gpu ? nonDefaultChoices(adapterKind(gpu.adapter), gpu.choices) : {},
    parameters: parameterTable(networkConfig(config)).count,
    memoryBytes: memory[config.memory].bytes,
    memory,
  };
}

function describe({ samples, batches, annotated, background, fingerprint }: SplitSummary): SplitSummary {
  return { samples, batches, annotated, background, fingerprint };
}

/** What the trainer will hold. */
function planMemory(
  config: TrainConfig,
  gpu: GpuDescription,
  data: TrainPlan["data"],
  use: MemoryUse,
): PlannedMemory {
  const network = networkConfig(config);
  const target = planTarget(gpu);
  const extents = { height: config.size, width: config.size };
  const whole = Math.min(config.batchSize, data.train.samples);
  const { atOnce, parts } = planBatch(network, gpu, { ...extents, batch: whole }, use);
  // A larger batch of another split is not cut unless a limit of the device asks for it.
  const cutTo = parts > 1 ? atOnce : Infinity;
  const plansOf = (kind: "train" | "evaluate", samples: number): Plan[] => {
    const plans = new Map<string, Plan>();
    const full = Math.min(config.batchSize, samples);
    for (const batch of [full, samples % full].filter((batch) => batch > 0)) {
      const fitting = planBatch(network, gpu, { ...extents, batch }, "normal").atOnce;
      const cut = cutBatch(batch, Math.min(cutTo, fitting));
      const partOf = cut.length > 1 ? batch : undefined;
      // As they are made ready: the largest first.
      for (const { count } of cut.toReversed()) {
        const key = `${count} ${partOf}`;
        if (plans.has(key)) continue;
        plans.set(key, recordPlan(network, target, { ...extents, kind, batch: count, partOf }));
      }
    }
    return [...plans.values()];
  };
  const training = plansOf("train", data.train.samples);
  const evaluation = plansOf("evaluate", data.valid.samples);
  // Plans run one after the other, with the same slots and inputs.
  const plans = [...training, ...evaluation];
  const pool = plans.reduce<readonly number[]>((slots, plan) => placeAmong(plan, slots).slots, []);
  const slots = pool.reduce((sum, bytes) => sum + bytes, 0);
  const images = (plans: readonly Plan[]) => turnBytes(plans, "images") + turnBytes(plans, "masks");
  const sums = turnBytes(plans, "lossPartials") + turnBytes(plans, "batchSums");
  // What is to be augmented is uploaded beside the inputs.
  const inputs = images(plans) + sums + (config.augment ? images(training) : 0);
  const [plan] = training as [Plan];
  const blocks = (config.accumulate > 1 ? 1 : 0) + (config.average > 0 ? 1 : 0);
  const bytes = trainingBytes(plan) - planBytes(plan) + blocks * plan.regions.weights.byteLength + slots +
    inputs;
  return { bytes, chunks: parts, ...(parts > 1 ? { atOnce } : {}) };
}

/** Bytes of the buffers that stand for a fixed region in turns: each plan takes the first that is large enough. */
function turnBytes(plans: readonly Plan[], name: keyof PlanRegions): number {
  const sizes: number[] = [];
  for (const { regions } of plans) {
    const { fixed, byteLength } = regions[name];
    if (fixed && !sizes.some((size) => size >= byteLength)) sizes.push(byteLength);
  }
  return sizes.reduce((sum, size) => sum + size, 0);
}
