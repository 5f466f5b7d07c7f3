/**
 * What training will need, known before it starts.
 *
 * @module
 */
import { sourceExtents } from "../../kernels/augment/augment.ts";
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices, nonDefaultChoices } from "../../kernels/variants.ts";
import { adapterKind, type GpuDescription } from "../gpu/adapter.ts";
import { DEFAULT_ARITHMETIC } from "../gpu/arithmetic.ts";
import { planTarget } from "../layers/plan_target.ts";
import { windowBytes } from "../prediction/windows.ts";
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
import { inputSize } from "../image/input_frame.ts";
import { extentsOf, networkConfig, type TrainConfig } from "./train_config.ts";
import { drawsOf, type SplitSummary } from "./train_data.ts";

/** Defaults, choices that were given (such as those timed on the adapter), or those that the run was started with. */
export type ChoicesFrom = "defaults" | "given" | "run";

/** Device memory as planned. */
export interface PlannedMemory {
  /** Bytes of everything that training holds. */
  readonly bytes: number;
  /** Micro-batches of a full batch; 1 if it is computed whole. */
  readonly microBatches: number;
  /** Images of the largest micro-batch; absent if batches are computed whole. */
  readonly microBatch?: number;
}

/** A training run before its first step. */
export interface TrainPlan {
  /** All settings. */
  readonly config: TrainConfig;
  /** The splits. */
  readonly data: Readonly<Record<"train" | "valid", SplitSummary>>;
  /** The device; null if there is none. */
  readonly adapter: string | null;
  /** Where the choices of kernel variants come from. */
  readonly choicesFrom: ChoicesFrom;
  /** The choices that are not the defaults. */
  readonly nonDefaultChoices: KernelChoices;
  /** Ranks that share each batch; the device memory is that of one. */
  readonly ranks: number;
  /** Number of trained values. */
  readonly parameters: number;
  /** Bytes of device memory, as planned. */
  readonly memoryBytes: number;
  /** Device memory for each value of `memory`. */
  readonly memory: Readonly<Record<MemoryUse, PlannedMemory>>;
}

/** Stands for a device on a machine that has none: a GPU with WebGPU's default limits. */
const SOME_GPU: GpuDescription = {
  adapter: { description: "", vendor: "", isFallback: false },
  limits: { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 },
  kernels: DEFAULT_ARITHMETIC,
  choices: defaultChoices("hardware"),
};

/**
 * Plans training without using a device.
 *
 * @throws {RangeError} if the network or its batches exceed a limit of the device.
 */
export function planTraining(
  config: TrainConfig,
  data: TrainPlan["data"],
  gpu: GpuDescription | null,
  { choicesFrom = "defaults", ranks = 1 }: {
    choicesFrom?: ChoicesFrom | undefined;
    ranks?: number | undefined;
  } = {},
): TrainPlan {
  const { train, valid } = data;
  const device = gpu ?? { ...SOME_GPU, kernels: config.kernels, precision: config.precision };
  const planned = (use: MemoryUse) => planMemory(config, device, data, use, ranks);
  const memory = { normal: planned("normal"), low: planned("low") };
  return {
    config,
    data: { train: describe(train), valid: describe(valid) },
    adapter: gpu?.adapter.description ?? null,
    choicesFrom,
    ranks,
    nonDefaultChoices: gpu ? nonDefaultChoices(adapterKind(gpu.adapter), gpu.choices) : {},
    parameters: parameterTable(networkConfig(config)).count,
    memoryBytes: memory[config.memory].bytes,
    memory,
  };
}

function describe(
  { samples, batches, annotated, background, fingerprint, corrections, patches }: SplitSummary,
): SplitSummary {
  return {
    samples,
    batches,
    annotated,
    background,
    fingerprint,
    ...(corrections === undefined ? {} : { corrections }),
    ...(patches === undefined ? {} : { patches }),
  };
}

/** The memory that the trainer will hold. */
function planMemory(
  config: TrainConfig,
  gpu: GpuDescription,
  data: TrainPlan["data"],
  use: MemoryUse,
  ranks: number,
): PlannedMemory {
  const network = networkConfig(config);
  const target = planTarget(gpu);
  const extents = inputSize(extentsOf(config));
  // The largest share of a batch that a rank gets.
  const shareOf = (batch: number) => Math.ceil(batch / ranks);
  const whole = shareOf(Math.min(config.batchSize, drawsOf(data.train)));
  const { microBatch, microBatches } = planBatch(network, gpu, { ...extents, batch: whole }, use);
  // A larger batch of another split is only cut if a limit of the device requires it.
  const cutTo = microBatches > 1 ? microBatch : Infinity;
  const plansOf = (kind: "train" | "evaluate", samples: number): Plan[] => {
    const plans = new Map<string, Plan>();
    const full = Math.min(config.batchSize, samples);
    for (const all of [full, samples % full].filter((batch) => batch > 0)) {
      const batch = shareOf(all);
      const fitting = planBatch(network, gpu, { ...extents, batch }, "normal").microBatch;
      const cut = cutBatch(batch, Math.min(cutTo, fitting));
      const partOf = cut.length > 1 || ranks > 1 ? all : undefined;
      // In the order in which they are prepared: the largest first.
      for (const { count } of cut.toReversed()) {
        const key = `${count} ${partOf}`;
        if (plans.has(key)) continue;
        plans.set(key, recordPlan(network, target, { ...extents, kind, batch: count, partOf }));
      }
    }
    return [...plans.values()];
  };
  const training = plansOf("train", drawsOf(data.train));
  // Whole images are predicted by windows.
  const evaluation = config.patch === undefined ? plansOf("evaluate", data.valid.samples) : [];
  // Plans run one after the other and share slots and inputs.
  const plans = [...training, ...evaluation];
  const pool = plans.reduce<readonly number[]>((slots, plan) => placeAmong(plan, slots).slots, []);
  const slots = pool.reduce((sum, bytes) => sum + bytes, 0);
  const images = (plans: readonly Plan[]) => sharedBytes(plans, "images") + sharedBytes(plans, "masks");
  const sums = sharedBytes(plans, "lossPartials") + sharedBytes(plans, "batchSums");
  // Images to augment are uploaded to buffers of their own.
  const inputs = images(plans) + sums + (config.augment ? margin(config) * images(training) : 0);
  const [plan] = training as [Plan];
  const blocks = (config.accumulate > 1 ? 1 : 0) + (config.average > 0 ? 1 : 0);
  const { weights } = plan.regions;
  const windows = config.patch === undefined
    ? 0
    : windowBytes(network, gpu, { side: config.patch, width: config.patch }) - weights.byteLength;
  const bytes = trainingBytes(plan) - planBytes(plan) + blocks * weights.byteLength + slots + inputs +
    windows;
  return { bytes, microBatches, ...(microBatches > 1 ? { microBatch } : {}) };
}

/** Pixels of the images before augmentation, relative to those after it. */
function margin({ augment, patch }: TrainConfig): number {
  if (patch === undefined || augment === null) return 1;
  const { width, height } = sourceExtents({ width: patch, height: patch }, augment);
  return width * height / patch ** 2;
}

/** Bytes of the buffers that plans share for a fixed region: each takes the first one that is large enough. */
function sharedBytes(plans: readonly Plan[], name: keyof PlanRegions): number {
  const sizes: number[] = [];
  for (const { regions } of plans) {
    const { fixed, byteLength } = regions[name];
    if (fixed && !sizes.some((size) => size >= byteLength)) sizes.push(byteLength);
  }
  return sizes.reduce((sum, size) => sum + size, 0);
}
