/**
 * Plans a training run: what it will need and how long it will take, before anything is written.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { FOLDERS } from "../fs/layout.ts";
import { describeGpu, type GpuOptions } from "../gpu/adapter.ts";
import { openGpu } from "../host/open_gpu.ts";
import type { TrainCallbacks } from "./events.ts";
import { measureEpoch } from "./measure_epoch.ts";
import { completeTrainConfig } from "./recipe.ts";
import type { TrainConfig } from "./train_config.ts";
import { loadData, type TrainData } from "./train_data.ts";
import { planTraining, type TrainPlan } from "./train_plan.ts";

/** What a run trains on, and how. */
export interface PlanRunOptions {
  /** The dataset's folder; defaults to `dataset`, or to that of a resumed run. */
  readonly dataFolder?: string | undefined;
  /** Folder for prepared images; defaults to `dataset/.cache`. */
  readonly cacheFolder?: string | undefined;
  /** Settings; default to the recipe's, or to those of a resumed run. */
  readonly config?: Partial<TrainConfig> | undefined;
  /** Train on the software adapter even if there is a GPU. */
  readonly software?: boolean | undefined;
  /**
   * Kernel variants in place of the defaults, such as those timed on this adapter. A run that is resumed on its adapter
   * keeps those that it was started with: its bits depend on them.
   */
  readonly choices?: KernelChoices | undefined;
}

/** What a training run will need, and how long it will take. */
export interface RunPlan extends TrainPlan {
  /** Seconds per epoch, measured on a step or two of synthetic images; null if there is no device. */
  readonly secondsPerEpoch: number | null;
}

/**
 * Reads the dataset and says what training will need and how long it will take; writes only the cache.
 *
 * @throws as `trainRun`.
 */
export async function planRun(options: PlanRunOptions, callbacks: TrainCallbacks = {}): Promise<RunPlan> {
  const config = completeTrainConfig(options.config);
  const data = await loadRunData(options.dataFolder ?? FOLDERS.data, config, options, callbacks);
  await closeData(data);
  const { choices } = options;
  const settings = { ...gpuOptions(options, config, callbacks), choices };
  const plan = planTraining(config, data, await describeGpu(settings), choices ? "given" : "defaults");
  if (plan.adapter === null) return { ...plan, secondsPerEpoch: null };
  const gpu = await openGpu({ ...settings, cache: options.cacheFolder });
  try {
    return { ...plan, secondsPerEpoch: await measureEpoch(gpu, config, plan.data) };
  } finally {
    gpu.close();
  }
}

/** Loads the splits of a run, telling the callbacks. */
export function loadRunData(
  folder: string,
  config: TrainConfig,
  { cacheFolder = FOLDERS.cache, signal }: PlanRunOptions & { readonly signal?: AbortSignal | undefined },
  { onNote, onPrepare }: TrainCallbacks,
): Promise<TrainData> {
  return loadData(folder, config, { cacheFolder, onNote, onPrepare, signal });
}

/** Ends the threads that assemble batches. */
export async function closeData(data: TrainData): Promise<void> {
  for (const split of Object.values(data)) await split.close();
}

/** How a run's GPU is opened. */
export function gpuOptions(
  { software = false }: PlanRunOptions,
  { kernels, precision }: TrainConfig,
  callbacks: TrainCallbacks,
): GpuOptions {
  return { software, kernels, precision, onCompile: (count: number) => callbacks.onCompile?.(count) };
}
