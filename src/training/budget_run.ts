/**
 * Chooses a run's settings within its time budget: network, size and batch before the dataset is prepared, the epochs
 * when it is.
 *
 * @module
 */
import { findSplits, splitOf } from "../dataset/splits.ts";
import { openSplit } from "../dataset/source_registry.ts";
import { FOLDERS } from "../fs/layout.ts";
import { describeGpu, type GpuDescription, type GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/open_gpu.ts";
import type { ClassOptions } from "../dataset/classes.ts";
import { sizeStep } from "../unet/config.ts";
import { parameterTable } from "../unet/parameters.ts";
import type { AutoChoice } from "./auto/auto_choice.ts";
import { AUTO_RULES, autoRules, type AutoStart, settleAuto } from "./auto/choose_auto.ts";
import { patchesPerEpoch } from "./auto/choose_input.ts";
import { readProfile } from "./auto/read_profile.ts";
import { planBatch } from "./batch_memory.ts";
import { BUDGET_RULES, chooseForBudget, reviseEpochs } from "./budget.ts";
import type { BudgetChoice, BudgetSettings, BudgetStep, BudgetTask } from "./budget_choice.ts";
import { allTexts, type Collective, saidByFirst, SINGLE_RANK } from "./collective.ts";
import { measureEpoch } from "./measure_epoch.ts";
import { MEASURED_FILTERS, measureSpeed } from "./measure_speed.ts";
import { AUTO_RECIPE, BUDGET_RECIPE, completeTrainConfig } from "./recipe.ts";
import { type Speed, stepSecondsBy } from "./step_speed.ts";
import { networkConfig, type TrainConfig } from "./train_config.ts";
import { drawsOf } from "./train_data.ts";
import type { TrainPlan } from "./train_plan.ts";

/** Settings that a budget chooses unless they are given. */
const CHOSEN = ["filters", "size", "batchSize", "epochs"] as const;

/** What a budget is chosen with. */
export interface BudgetRunOptions {
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** How the device is opened. */
  readonly gpu: GpuOptions;
  /** Folder of kept verdicts. */
  readonly cacheFolder?: string | undefined;
  /** The settings that were given, or come from the model that the run starts from. */
  readonly given: Partial<TrainConfig>;
  /** The names of those that were typed; defaults to all. */
  readonly typed?: readonly string[] | undefined;
  /** The classes that were asked for. */
  readonly classes?: ClassOptions | undefined;
  /** How many runs the budget is for; defaults to one. */
  readonly runs?: number | undefined;
  /** Seconds since the command started. */
  readonly elapsed: () => number;
  /** The ranks that train together. */
  readonly collective?: Collective | undefined;
}

/** The settings of a run before its dataset is prepared. */
export interface StartChoice {
  /** All settings. */
  readonly config: TrainConfig;
  /** What was chosen for a budget; null without one. */
  readonly choice: BudgetChoice | null;
  /** What the recipe `auto` chooses by; null for others. */
  readonly auto: AutoStart | null;
}

/**
 * The settings of a run with those that its budget chose; null as the choice for a run without a budget.
 *
 * @throws {RangeError} if not even one epoch of the smallest network fits.
 */
export async function chooseRunBudget(config: TrainConfig, options: BudgetRunOptions): Promise<StartChoice> {
  const { budget } = config;
  if (budget === undefined) return { config, choice: null, auto: null };
  const { collective = SINGLE_RANK, given, runs = 1 } = options;
  const { size: ranks } = collective;
  const auto = config.recipe === AUTO_RECIPE ? await startAuto(budget, options) : null;
  const images = auto === null
    ? await saidByFirst(collective, () => countImages(options.dataFolder))
    : atLeastOne(auto.fingerprint.images);
  const kept = Object.fromEntries(
    CHOSEN.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  ) as Partial<BudgetSettings>;
  const description = await describeGpu(options.gpu);
  const gpu = await openGpu({ ...options.gpu, cache: options.cacheFolder });
  try {
    const { size, batchSize } = { ...completeTrainConfig(), ...kept };
    const filters = kept.filters === undefined ? MEASURED_FILTERS : [kept.filters];
    const mostPixels = size ** 2 * Math.ceil(batchSize / ranks);
    const speed = await measureSpeed(gpu, config, { filters, mostPixels, collective });
    const task = budgetTask(config, speed, {
      seconds: budget / runs,
      elapsed: options.elapsed(),
      images,
      given: kept,
      devices: await devicesOf(collective, description ?? gpu),
      ...(auto === null ? {} : {
        rules: autoRules(auto),
        pixels: auto.fingerprint.sizes.pixels,
        patches: (network) => patchesPerEpoch(auto.fingerprint, network),
      }),
    });
    const choice = await saidByFirst(collective, () => chooseForBudget(task));
    const chosen = auto === null
      ? Object.fromEntries(CHOSEN.map((name) => [name, choice[name]]))
      : settleAuto(auto, choice).config;
    return { config: completeTrainConfig({ ...config, ...chosen }), choice, auto };
  } finally {
    gpu.close();
  }
}

/** The first rank looks at the dataset. */
async function startAuto(
  seconds: number,
  { dataFolder, classes, given, typed = Object.keys(given), collective = SINGLE_RANK }: BudgetRunOptions,
): Promise<AutoStart> {
  const read = () => readProfile(dataFolder, { classes, seconds });
  return { fingerprint: await saidByFirst(collective, read), given, typed };
}

/** The devices of all ranks. */
async function devicesOf(
  collective: Collective,
  { adapter, limits, kernels, precision = "f32", choices }: GpuDescription,
): Promise<GpuDescription[]> {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  const own: GpuDescription = {
    adapter,
    limits: { maxBufferSize, maxStorageBufferBindingSize },
    kernels,
    precision,
    choices,
  };
  return (await allTexts(collective, JSON.stringify(own))).map((text) => JSON.parse(text));
}

/**
 * What to choose from on devices of a measured speed, each of which has a share of a batch: what fits into all, with an
 * image at least for each.
 */
export function budgetTask(
  config: TrainConfig,
  speed: Speed,
  { devices, rules = BUDGET_RULES, ...rest }:
    & Pick<BudgetTask, "seconds" | "images" | "pixels" | "given" | "rules" | "patches">
    & { readonly elapsed?: number; readonly devices: readonly GpuDescription[] },
): BudgetTask {
  const ranks = devices.length;
  const expected = stepSecondsBy(speed);
  const share = (batch: number) => Math.ceil(batch / ranks);
  const network = (filters: number, depth = config.depth) =>
    networkConfig({ ...config, filters, ...(depth === undefined ? {} : { depth }) });
  const { filters, size, batchSize, epochs } = completeTrainConfig();
  return {
    ...rest,
    rules: { ...rules, smallestBatch: Math.min(batchSize, Math.max(ranks, rules.smallestBatch)) },
    speed,
    stepSeconds: ({ filters, batchSize, size, height = size }) =>
      expected(filters, share(batchSize) * size * height),
    most: { filters, size, batchSize, epochs },
    sizeStep: sizeStep(config),
    fits: (step) =>
      devices.every((gpu) => fitsWhole(step, share(step.batchSize), gpu, network(step.filters, step.depth))),
    parameters: (filters, depth) => parameterTable(network(filters, depth)).count,
  };
}

/** Images of the original's dataset, which stand for a user's. */
const TYPICAL_IMAGES = { train: 1502, valid: 429 };

/**
 * What a device can train in so many seconds on a dataset like the original's. On a software adapter, where kernels take
 * long to compile, only the original's network is measured.
 */
export async function chooseTypical(gpu: Gpu, seconds: number): Promise<BudgetChoice> {
  const config = completeTrainConfig({ recipe: BUDGET_RECIPE });
  const quick = gpu.adapter.isFallback ? { filters: MEASURED_FILTERS.slice(-1), mostPixels: 0 } : {};
  const speed = await measureSpeed(gpu, gpu.adapter.isFallback ? completeTrainConfig() : config, quick);
  return chooseForBudget(
    budgetTask(config, speed, { seconds, images: TYPICAL_IMAGES, given: {}, devices: [gpu] }),
  );
}

/** Measures an epoch of the chosen settings on the run's device, and chooses as many as fit. */
export async function chooseEpochs(
  gpu: Gpu,
  { config, choice, auto, data, elapsed, collective = SINGLE_RANK }: {
    config: TrainConfig;
    choice: BudgetChoice;
    auto: AutoStart | null;
    data: TrainPlan["data"];
    elapsed: () => number;
    collective?: Collective | undefined;
  },
): Promise<{ config: TrainConfig; choice: BudgetChoice; auto: AutoChoice | null }> {
  const images = { train: drawsOf(data.train), valid: data.valid.samples };
  const secondsPerEpoch = await measureEpoch(gpu, config, data, collective);
  const agreed = await saidByFirst(collective, () =>
    reviseEpochs({ ...choice, images }, {
      elapsed: elapsed(),
      secondsPerEpoch,
      parameters: parameterTable(networkConfig(config)).count,
      most: completeTrainConfig({ recipe: config.recipe }).epochs,
      ...(auto === null ? {} : { rules: AUTO_RULES }),
    }));
  const settled = auto && settleAuto(auto, agreed);
  return {
    config: { ...config, ...(settled === null ? { epochs: agreed.epochs } : lasting(settled.config)) },
    choice: agreed,
    auto: settled && settled.auto,
  };
}

/** The settings that follow from the number of epochs. */
function lasting({ epochs, warmup, patience }: Partial<TrainConfig>): Partial<TrainConfig> {
  return { epochs: epochs!, warmup: warmup!, patience: patience! };
}

function fitsWhole(
  { size, height = size }: BudgetStep,
  batch: number,
  gpu: GpuDescription,
  network: ReturnType<typeof networkConfig>,
): boolean {
  try {
    return planBatch(network, gpu, { batch, height, width: size }, "normal").microBatches === 1;
  } catch (error) {
    // Nothing of this size fits: the trainer says so if it is chosen.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Images of both splits by their annotations, without reading a file of theirs. */
async function countImages(dataFolder: string = FOLDERS.data): Promise<BudgetChoice["images"]> {
  const splits = await findSplits(dataFolder);
  const count = async (role: "train" | "valid") => (await openSplit(splitOf(splits, role))).images.length;
  return atLeastOne({ train: await count("train"), valid: await count("valid") });
}

/** Preparation refuses an empty split, and says why. */
function atLeastOne({ train, valid }: BudgetChoice["images"]): BudgetChoice["images"] {
  return { train: Math.max(1, train), valid: Math.max(1, valid) };
}
