/**
 * What a training will need, told before it starts.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices, unusualChoices } from "../../kernels/variants.ts";
import { adapterKind, type GpuDescription } from "../gpu/gpu.ts";
import { planTarget } from "../unet/executor.ts";
import { parameterTable } from "../unet/parameters.ts";
import { planBytes, recordPlan, trainingBytes } from "../unet/plan.ts";
import { networkConfig, type TrainConfig } from "./config.ts";
import type { SplitSummary } from "./data.ts";

/** Defaults, choices that were given (such as were timed on the adapter), or those that the run began with. */
export type ChoicesFrom = "defaults" | "given" | "run";

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
  readonly unusualChoices: KernelChoices;
  /** Values that are trained. */
  readonly parameters: number;
  /** Bytes of the device's memory, as planned. */
  readonly memoryBytes: number;
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
  return {
    config,
    data: { train: describe(train), valid: describe(valid) },
    adapter: gpu?.adapter.description ?? null,
    choicesFrom,
    unusualChoices: gpu ? unusualChoices(adapterKind(gpu.adapter), gpu.choices) : {},
    parameters: parameterTable(networkConfig(config)).count,
    memoryBytes: plannedBytes(
      config,
      gpu ?? { ...SOME_GPU, kernels: config.kernels },
      train.samples,
      valid.samples,
    ),
  };
}

function describe({ samples, batches, annotated, background, fingerprint }: SplitSummary): SplitSummary {
  return { samples, batches, annotated, background, fingerprint };
}

/** Bytes that the trainer will hold. */
function plannedBytes(config: TrainConfig, gpu: GpuDescription, train: number, valid: number): number {
  const network = networkConfig(config);
  const target = planTarget(gpu);
  const plan = (kind: "train" | "evaluate", samples: number) =>
    recordPlan(network, target, {
      kind,
      batch: Math.min(config.batchSize, samples),
      height: config.size,
      width: config.size,
    });
  const [training, evaluation] = [plan("train", train), plan("evaluate", valid)];
  const { pictures, masks, weights } = training.regions;
  const sample = (pictures.byteLength + masks.byteLength) / training.spec.batch;
  // Plans run one after the other in the same slots, but each size of batch has inputs of its own: the full one
  // and the last, short one.
  const inputs = (samples: number) => {
    const full = Math.min(config.batchSize, samples);
    return (full + samples % full) * sample;
  };
  const blocks = (config.accumulate > 1 ? 1 : 0) + (config.average > 0 ? 1 : 0);
  return trainingBytes(training) - planBytes(training) + blocks * weights.byteLength +
    Math.max(training.memory.byteLength, evaluation.memory.byteLength) +
    inputs(train) * (config.augment ? 2 : 1) + inputs(valid);
}
