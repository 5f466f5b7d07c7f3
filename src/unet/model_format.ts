/**
 * Model files: weights together with everything that prediction needs, as safetensors.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { type ClassSpec, isClassList, isNameList } from "../image/class_spec.ts";
import type { SampleRange } from "../image/image.ts";
import { DEFAULT_NORMALIZATION, isNormalization, type Normalization } from "../image/normalize.ts";
import type { Fit } from "../image/input_frame.ts";
import { isSampleRange } from "../image/sample_range.ts";
import { isRecord } from "../fs/json_shape.ts";
import type { StateDict } from "../tensor.ts";
import { type SafetensorsHeader, safetensorsParts } from "../weights/safetensors.ts";
import { readWeights } from "../weights/weights_file.ts";
import { findJsonExcess } from "../weights/json_bounds.ts";
import { classCount, completeConfig, depthOf, headOf, sizeStep, type UNetConfig } from "./config.ts";
import { type Calibration, isCalibration } from "./model_calibration.ts";
import { checkExtents, showValue } from "./model_extents.ts";
import { isModelAppearance, type ModelAppearance } from "./model_appearance.ts";
import { inferConfig } from "./parameters.ts";

/** What a model file says about its weights. */
export interface ModelDescription {
  /** The network's settings. */
  readonly network: UNetConfig;
  /** Width and height that images were resized to; if `height` is given, the width only. */
  readonly size: number;
  /** Height that images were resized to; absent for that of a square. */
  readonly height?: number | undefined;
  /** How images fit the input; absent for `stretch`, the original's. */
  readonly fit?: Fit | undefined;
  /** Width and height of the windows in which images of any size are read, equal to `size`; absent for whole images. */
  readonly patch?: number | undefined;
  /** With `patch`: the resolution relative to the images' own; absent for 1. */
  readonly scale?: number | undefined;
  /** How images were normalized. */
  readonly normalize: Normalization;
  /** The samples of more than 8 bits that become 0 and 1; absent if no image that it saw has more. */
  readonly range?: SampleRange | undefined;
  /** A pixel belongs to the mask if its probability is above this. */
  readonly threshold: number;
  /** The classes of the output channels; absent for one foreground class that holds every category. */
  readonly classes?: readonly ClassSpec[] | undefined;
  /** Categories whose pixels counted in nothing, besides `ignore`; absent for none. */
  readonly ignored?: readonly string[] | undefined;
  /** How its probabilities are corrected; absent if they are not. */
  readonly calibration?: Calibration | undefined;
  /** The training recipe; absent if unknown. */
  readonly recipe?: string | undefined;
  /** The epoch that the weights come from; absent if unknown. */
  readonly epoch?: number | undefined;
  /** Metrics of that epoch, by their names in `metrics.jsonl`. */
  readonly metrics?: Readonly<Record<string, number | null>> | undefined;
  /** All settings of the training run. */
  readonly training?: Readonly<Record<string, unknown>> | undefined;
  /** Fingerprint of the dataset. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** What the training images look like; absent if it was not measured. */
  readonly appearance?: ModelAppearance | undefined;
  /** Versions of the tools that trained it. */
  readonly versions?: Readonly<Record<string, unknown>> | undefined;
}

/** Weights and their description. */
export interface Model {
  /** The weights. */
  readonly state: StateDict;
  /** What prediction needs, and where the weights come from. */
  readonly description: ModelDescription;
}

/** A model read from a file. */
export interface StoredModel extends Model {
  /** Whether the file has a description; if not, what cannot be inferred from the tensors is the original's. */
  readonly described: boolean;
}

/** How the original treats images, which is assumed for a file without a description. */
export const ORIGINAL_INPUT: Readonly<Pick<ModelDescription, "size" | "normalize" | "threshold">> = {
  size: 256,
  normalize: DEFAULT_NORMALIZATION,
  threshold: 0.5,
};

/** Marks metadata as written by {@linkcode packModel}. */
const FORMAT = "deno-unet model 1";

/** Packs a model as safetensors; the same model gives the same bytes. */
export function packModel(model: Model): Uint8Array {
  return joinBytes(modelParts(model));
}

/** The bytes of {@linkcode packModel} in parts; those of tensors are views of the tensors' memory. */
export function modelParts({ state, description }: Model): Uint8Array[] {
  return safetensorsParts(state, modelMetadata(description));
}

/** The metadata of a safetensors file that {@linkcode describeWeights} reads. */
export function modelMetadata(description: ModelDescription): Record<string, string> {
  const entries = Object.entries(description).filter(([, value]) => value !== undefined);
  const texts = entries.map(([name, value]) => [name, JSON.stringify(value)]);
  return { format: FORMAT, ...Object.fromEntries(texts) };
}

/**
 * Reads a model written by {@linkcode packModel}, or any safetensors or PyTorch file with the weights of such a network.
 * In the latter case filters, channels and norm are inferred from the tensors; the rest is the original's.
 *
 * @throws {SyntaxError} if the file or its description is damaged.
 * @throws {RangeError} if a setting is out of range.
 * @throws {TypeError} if it does not hold such a network.
 */
export async function readModel(bytes: Uint8Array): Promise<StoredModel> {
  const { tensors, metadata } = await readWeights(bytes);
  const description = describeWeights(metadata);
  if (description !== null) {
    return { state: tensors, description: checkDescription(description, tensors), described: true };
  }
  return {
    state: tensors,
    description: { network: completeConfig(inferConfig(tensors)), ...ORIGINAL_INPUT },
    described: false,
  };
}

/**
 * The description of a model by the header of its file, without its weights.
 *
 * @throws as {@linkcode readModel}
 */
export function describeHeader({ tensors, metadata }: SafetensorsHeader): Omit<StoredModel, "state"> {
  const shapes: StateDict = new Map(
    [...tensors].map(([name, { shape }]) => [name, { shape, data: NO_VALUES }]),
  );
  const description = describeWeights(metadata);
  if (description !== null) return { description: checkDescription(description, shapes), described: true };
  const network = completeConfig(inferConfig(shapes));
  return { description: { network, ...ORIGINAL_INPUT }, described: false };
}

const NO_VALUES = new Float32Array(0);

/**
 * What the metadata of a safetensors file says about a model, unchecked; null if it is not one of {@linkcode packModel}.
 *
 * @throws {SyntaxError} if it is damaged, of another version, or larger than any description
 */
export function describeWeights(metadata: Readonly<Record<string, string>>): Record<string, unknown> | null {
  if (metadata.format !== FORMAT) {
    if (metadata.format?.startsWith("deno-unet model ")) {
      throw new SyntaxError(
        `Cannot read a model of format ${
          JSON.stringify(metadata.format.slice(0, 100))
        }: expected "${FORMAT}"\n` +
          "hint: use the version that wrote it",
      );
    }
    return null;
  }
  const { format: _, ...texts } = metadata;
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parse(name, text)]));
}

/** The file next to a model that holds its description, for formats that cannot: `NAME.pth.json`. */
export function sidecarOf(path: string): string {
  return `${path}.json`;
}

/** The content of a sidecar; `sha256` is that of the file that it describes. */
export function writeSidecar(description: Readonly<Record<string, unknown>>, sha256: string): string {
  return `${JSON.stringify({ format: FORMAT, ...description, sha256 }, null, 2)}\n`;
}

/**
 * The description of `model` from its sidecar, which may also be written by hand: settings that it lacks are inferred
 * or the original's, as without one. `described` is whether it has both size and normalization.
 *
 * @throws {SyntaxError} if it is damaged
 * @throws {RangeError} if it describes another file, or a setting is out of range
 */
export function readSidecar(
  text: string,
  model: Model,
  sha256: string,
): Pick<StoredModel, "description" | "described"> {
  const found = parse("sidecar", text);
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new SyntaxError("Cannot read the model: its sidecar is not a JSON object");
  }
  const { format, sha256: described, ...settings } = found as Record<string, unknown>;
  if (format !== undefined && format !== FORMAT) {
    throw new SyntaxError(`Cannot read the model: the format of its sidecar is not "${FORMAT}"`);
  }
  if (described !== undefined && described !== sha256) {
    throw new RangeError(
      "Cannot read the model: its sidecar describes another file of this name\n" +
        "hint: convert the weights again, or move the sidecar away",
    );
  }
  return {
    description: checkDescription({ ...model.description, ...settings }, model.state),
    described: settings.size !== undefined && settings.normalize !== undefined,
  };
}

/** A description has some kilobytes. */
const MAX_DESCRIPTION_LENGTH = 2 ** 20;
const DESCRIPTION_BOUNDS = { depth: 16, containers: 10_000, values: 50_000 };

function parse(name: string, text: string): unknown {
  const what = JSON.stringify(name.slice(0, 100));
  const excess = text.length > MAX_DESCRIPTION_LENGTH
    ? `it has ${text.length} characters`
    : findJsonExcess(new TextEncoder().encode(text), DESCRIPTION_BOUNDS);
  if (excess !== null) throw new RangeError(`Cannot read the model: its ${what} is refused: ${excess}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read the model: its ${what} is not JSON`);
  }
}

function checkDescription(description: Record<string, unknown>, state: StateDict): ModelDescription {
  const { network, normalize, threshold } = description;
  if (!isRecord(network)) {
    throw new SyntaxError("Cannot read the model: its metadata does not describe the network");
  }
  const config = completeConfig(network);
  const step = sizeStep(config);
  const extents = checkExtents(description, step);
  if (!isNormalization(normalize)) {
    throw new RangeError(
      `Cannot read the model: its normalization is ${showValue(normalize)}, expected "imagenet" or "picture"`,
    );
  }
  if (typeof threshold !== "number" || !(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(
      `Cannot read the model: its threshold is ${showValue(threshold)}, expected a number from 0 to 1`,
    );
  }
  for (const [name, valid, expected] of OPTIONAL) {
    const value = description[name];
    if (value === undefined || valid(value)) continue;
    throw new TypeError(`Cannot read the model: its ${name} is ${showValue(value)}, expected ${expected}`);
  }
  checkNetwork(config, state);
  const { classes } = description as Partial<ModelDescription>;
  if (classes !== undefined && classes.length !== classCount(config)) {
    throw new RangeError(
      `Cannot read the model: it names ${classes.length} classes, its network has ${classCount(config)}`,
    );
  }
  const { calibration } = description as Partial<ModelDescription>;
  const temperatures = headOf(config) === "softmax" ? 1 : classCount(config);
  if (calibration !== undefined && calibration.temperature.length !== temperatures) {
    throw new RangeError(
      `Cannot read the model: its calibration has ${calibration.temperature.length} temperatures, expected ${temperatures}`,
    );
  }
  return { ...description, ...extents, network: config, normalize, threshold };
}

/** Before anything is allocated for the network that the description claims. */
function checkNetwork(config: UNetConfig, state: StateDict): void {
  const inferred = inferConfig(state);
  const depths = { claimed: depthOf(config), found: depthOf(inferred) };
  for (const [name, found] of Object.entries({ ...inferred, depth: depths.found })) {
    const claimed = name === "depth" ? depths.claimed : config[name as keyof UNetConfig];
    if (claimed !== found) {
      throw new RangeError(
        `Cannot read the model: its description says ${name} ${claimed}, its tensors have ${found}`,
      );
    }
  }
}

type Check = readonly [name: string, valid: (value: unknown) => boolean, expected: string];

/** The settings that a description may lack. */
const OPTIONAL: readonly Check[] = [
  ["range", isSampleRange, "a list of two numbers, the lower one first"],
  ["classes", isClassList, "a list of 1 to 254 classes with names and colors"],
  ["ignored", isNameList, "a list of names"],
  ["calibration", isCalibration, "temperatures and a rising curve of missed shares"],
  [
    "recipe",
    // Printed to terminals, so without control characters.
    (value) => typeof value === "string" && /^[^\p{C}]{1,100}$/u.test(value),
    "a name without control characters",
  ],
  ["epoch", (value) => Number.isSafeInteger(value) && (value as number) >= 0, "an integer >= 0"],
  [
    "metrics",
    (value) =>
      isRecord(value) && Object.values(value).every((one) => one === null || typeof one === "number"),
    "an object of numbers",
  ],
  ["appearance", isModelAppearance, "a distribution of features"],
  ...["training", "data", "versions"].map((name): Check => [name, isRecord, "an object"]),
];
