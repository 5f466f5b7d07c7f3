/**
 * The kernels of a run's batches, proven and compiled before anything is allocated for them: those of training and of
 * validation together, since threads share what is compiled together.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { kernelsOf } from "../graph/program.ts";
import { inputSize } from "../image/input_frame.ts";
import { planTarget } from "../layers/plan_target.ts";
import { type PlanSpec, recordPlan } from "../unet/network_plan.ts";
import { planBatch } from "./batch_memory.ts";
import { extentsOf, networkConfig, type TrainConfig } from "./train_config.ts";
import { drawsOf } from "./train_data.ts";
import type { TrainPlan } from "./train_plan.ts";

/** What a run's first batches depend on besides its settings. */
export interface FirstPlans {
  /** The splits. */
  readonly data: TrainPlan["data"];
  /** Ranks that train together. */
  readonly ranks: number;
  /** Whether a step of one image comes first, by which the run is estimated. */
  readonly estimated: boolean;
}

/**
 * Admits the kernels of a run's first batches: the device's choices are final for them. What does not fit the device is
 * left to the trainer, who reports it.
 *
 * @throws {RangeError} if the settings fit no plan.
 */
export async function admitFirstPlans(gpu: Gpu, config: TrainConfig, first: FirstPlans): Promise<void> {
  const network = networkConfig(config);
  try {
    for (;;) {
      const target = planTarget(gpu);
      const steps = firstPlans(gpu, config, first).flatMap((spec) => recordPlan(network, target, spec).steps);
      if (!await gpu.admit?.(kernelsOf(steps))) return;
    }
  } catch (error) {
    if (!(error instanceof CapacityError)) throw error;
  }
}

function firstPlans(gpu: Gpu, config: TrainConfig, { data, ranks, estimated }: FirstPlans): PlanSpec[] {
  const { loss, memory } = config;
  const shape = inputSize(extentsOf(config));
  const specOf = (kind: "train" | "evaluate", samples: number): PlanSpec => {
    const all = Math.min(config.batchSize, samples);
    const share = { ...shape, batch: Math.ceil(all / ranks) };
    const use = kind === "train" ? memory : "normal";
    const { microBatch } = planBatch(networkConfig(config), gpu, share, use);
    return { kind, ...shape, batch: microBatch, partOf: microBatch < all ? all : undefined, loss };
  };
  return [
    ...(estimated ? [{ kind: "train", ...shape, batch: 1, loss } as const] : []),
    specOf("train", drawsOf(data.train)),
    // Whole images are predicted by windows.
    ...(config.patch === undefined ? [specOf("evaluate", data.valid.samples)] : []),
  ];
}
