/**
 * What the tasks that use a model share: their flags, and opening the model on the GPU.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Gpu } from "../gpu/gpu.ts";
import { ARITHMETIC, type Arithmetic, DEFAULT_ARITHMETIC } from "../gpu/arithmetic.ts";
import {
  describeClasses,
  INPUT_CHOICES,
  type InputSettings,
  type LoadedModel,
  loadModel,
  weightBytes,
} from "../prediction/load_model.ts";
import { Ensemble } from "../prediction/ensemble.ts";
import { findModels, type FoundModels } from "../prediction/find_models.ts";
import { type ImagePredictor, Predictor } from "../prediction/predictor.ts";
import { openModelFile } from "../prediction/stream_model.ts";
import { formatBytes, plural } from "../format.ts";
import { describeAdapters } from "../ranks/share.ts";
import { allTexts, type Collective, SINGLE_RANK } from "../training/collective.ts";
import { describeNotAdapted } from "./adapt_notes.ts";
import { nameGpu, openTaskGpu } from "./task_gpu.ts";
import { describeExtents, formatSize } from "../image/input_frame.ts";
import { describeShipped, isShippedModel } from "../prediction/shipped_model.ts";
import { GROUPS, number, writeStderr } from "./task.ts";
import { type SizeFlag, sizeFlag } from "./input_size.ts";

/** The values of the flags that {@linkcode addModelOptions} adds. */
export interface ModelFlags {
  /** The folders of runs. */
  readonly run?: readonly string[];
  /** Model files. */
  readonly model?: readonly string[];
  /** The probability above which a pixel is foreground. */
  readonly threshold?: number;
  /** Width and height that images are resized to. */
  readonly size?: SizeFlag;
  /** How images are normalized. */
  readonly normalize?: NonNullable<InputSettings["normalize"]>;
  /** The samples of more than 8 bits that become 0 and 1. */
  readonly range?: NonNullable<InputSettings["range"]>;
  /** Whether to average over mirrored images. */
  readonly flips?: boolean;
  /** Whether unusual images may be predicted with inverted intensities. */
  readonly adapt?: boolean;
  /** Whether to use the software adapter. */
  readonly software?: boolean;
  /** The arithmetic of the kernels. */
  readonly kernels: Arithmetic;
  /** The folder of timed kernel choices; defaults to `dataset/.cache`. */
  readonly cache?: string;
}

/** One model or several on the GPU. */
export interface TaskModel {
  /** The device. */
  readonly gpu: Gpu;
  /** The content of the files, at least one. */
  readonly models: readonly LoadedModel[];
  /** The models, ready to predict. */
  readonly predictor: ImagePredictor;
  /** The probability above which a pixel is foreground: the flag's, or else the model's own. */
  readonly threshold: number;
  /** Frees everything. */
  close(): void;
}

/** Adds the flags that choose the model and the device. */
export function addModelOptions(command: Command): Command {
  return command
    .optionsGroup(GROUPS.model)
    .addOption(
      new Option(
        "--run <folder>",
        "the run whose best model is used, or, of folds or seeds, all of its models: the mean of their probabilities",
      ).argParser(collect).conflicts("model"),
    )
    .option(
      "--model <file>",
      "a model file: .safetensors, or PyTorch's .pth (default: the best of the newest run, or the one that comes with the program); may be repeated, for the " +
        "mean of the models' probabilities",
      collect,
    )
    .option(
      "--threshold <number>",
      "the probability above which a pixel is foreground (default: the model's own, 0.5)",
      number(0, 1),
    )
    .option(
      "--size <pixels>",
      "width and height that images are resized to, multiples of 32 (or of 2 ** depth), such as 256 or 256x192 " +
        "(default: the model's own; the original's, 256, if neither the file nor FILE.json says)",
      sizeFlag,
    )
    .addOption(
      new Option("--normalize <how>", "how images are normalized (default: the model's own, or imagenet)")
        .choices(INPUT_CHOICES.normalizations),
    )
    .option(
      "--range <low,high>",
      "the samples of more than 8 bits that become 0 and 1 (default: the model's own, or each image's)",
      sampleRange,
    )
    .option("--flips", "average over the image and its three mirrored copies: four times the work")
    .option(
      "--adapt",
      "predict images that are far from the training images with inverted intensities, too, and keep what is nearer or " +
        "finds about as much foreground as is usual: twice the work for these",
    )
    .optionsGroup(GROUPS.device)
    .option("--software", "use the software adapter even if there is a GPU")
    .addOption(
      new Option(
        "--kernels <which>",
        "arithmetic: strict is slower, with the accuracy of plain float32 sums",
      )
        .choices(ARITHMETIC).default(DEFAULT_ARITHMETIC),
    );
}

/** A flag that may be repeated. */
function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/**
 * Opens the GPU, loads the models that the flags choose, and describes both to the user; of several ranks the first one
 * speaks for all.
 */
export async function openModel(
  flags: ModelFlags,
  collective: Collective = SINGLE_RANK,
  found?: FoundModels,
): Promise<TaskModel> {
  const { paths } = found ?? await findModels(flags);
  const quiet = collective.rank !== 0;
  // One waits for the disk, the other for the driver.
  const [reading, opening] = await Promise.allSettled([
    loadModels(paths, inputOf(flags)),
    openTaskGpu({ software: flags.software ?? false, kernels: flags.kernels, cache: flags.cache, quiet }),
  ]);
  if (reading.status === "rejected") {
    if (opening.status === "fulfilled") opening.value.close();
    throw reading.reason;
  }
  const models = reading.value;
  const [model] = models as [LoadedModel, ...LoadedModel[]];
  if (!quiet) { for (const each of models) writeStderr(describeModel(each, inputOf(flags))); }
  if (!quiet && flags.model === undefined && flags.run === undefined && await isShippedModel(model.path)) {
    writeStderr(await describeShipped(model.path));
  }
  if (opening.status === "rejected") throw opening.reason;
  const gpu = opening.value;
  if (collective.size === 1) nameGpu(gpu);
  else {
    const adapters = describeAdapters(await allTexts(collective, gpu.adapter.description));
    if (!quiet) writeStderr(`${adapters}\n`);
  }
  const options = { flips: flags.flips ?? false, adapt: flags.adapt ?? false };
  if (options.adapt && !quiet) writeStderr(describeNotAdapted(models));
  const predictor =
    await (models.length === 1
      ? Predictor.create(gpu, model, options)
      : Ensemble.create(gpu, models, options)).catch((error) => {
        gpu.close();
        throw error;
      });
  return {
    gpu,
    models,
    predictor,
    threshold: flags.threshold ?? predictor.description.threshold,
    close() {
      predictor.close();
      gpu.close();
    },
  };
}

/** Opens a single model, or reads several one after the other, as large files would compete for the disk. */
async function loadModels(paths: readonly string[], input: InputSettings): Promise<LoadedModel[]> {
  if (paths.length === 1) return [await openModelFile(paths[0]!, input)];
  const models: LoadedModel[] = [];
  for (const path of paths) models.push(await loadModel(path, input));
  return models;
}

/** The settings of the input that the flags give. */
function inputOf({ size, normalize, range }: ModelFlags): InputSettings {
  return {
    ...(size === undefined ? {} : size),
    ...(normalize === undefined ? {} : { normalize }),
    ...(range === undefined ? {} : { range }),
  };
}

/** Two numbers, the lower one first. */
export function sampleRange(text: string): NonNullable<InputSettings["range"]> {
  const range = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (!INPUT_CHOICES.isRange(range)) {
    throw new InvalidArgumentError("expected two numbers, the lower one first, such as 0,4095.");
  }
  return range;
}

function describeModel(
  { path, description, described }: LoadedModel,
  given: InputSettings,
): string {
  const { network, normalize, range, recipe, epoch } = description;
  const parts = [
    plural(network.filters, "filter"),
    ...(network.depth === undefined ? [] : [`depth ${network.depth}`]),
    ...(network.norm === "none" ? [] : [`${network.norm} norm`]),
    ...describeClasses(description),
    describeExtents(description),
    `${normalize} normalization${range ? ` of ${range[0]} to ${range[1]}` : ""}`,
    ...(recipe === undefined ? [] : [`recipe ${recipe}`]),
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    formatBytes(weightBytes(description)),
  ];
  return `model ${path}: ${parts.join(", ")}\n${describeAssumed({ description, described }, given)}`;
}

/** A note about what neither the model's file nor the flags say of the input; empty if they say all. */
export function describeAssumed(
  { description: { normalize, ...extents }, described }: Pick<LoadedModel, "description" | "described">,
  given: InputSettings,
): string {
  const assumed = [
    ...(given.size === undefined ? [`${formatSize(extents)} px (--size)`] : []),
    ...(given.normalize === undefined ? [`${normalize} normalization (--normalize)`] : []),
  ];
  if (described || assumed.length === 0) return "";
  return `note: the file does not describe its model; using the original's input, ${assumed.join(" and ")}\n`;
}
