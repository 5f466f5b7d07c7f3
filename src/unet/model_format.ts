/**
 * Model files: weights with everything that predicting with them needs, as safetensors.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { isNormalization, type Normalization } from "../image/normalize.ts";
import type { StateDict } from "../tensor.ts";
import { safetensorsParts } from "../weights/safetensors.ts";
import { readWeights } from "../weights/weights_file.ts";
import { completeConfig, SIZE_STEP, type UNetConfig } from "./config.ts";
import { inferConfig } from "./parameters.ts";

/** What a model file says of its weights. */
export interface ModelDescription {
  /** The network's settings. */
  readonly network: UNetConfig;
  /** Height and width that images were resized to. */
  readonly size: number;
  /** How images were normalised. */
  readonly normalize: Normalization;
  /** A pixel is the mask's where its probability is above this. */
  readonly threshold: number;
  /** The recipe that it was trained by; absent where unknown. */
  readonly recipe?: string | undefined;
  /** The epoch that the weights are of; absent where unknown. */
  readonly epoch?: number | undefined;
  /** Numbers of that epoch, by their names in `metrics.jsonl`. */
  readonly metrics?: Readonly<Record<string, number | null>> | undefined;
  /** All settings of the training. */
  readonly training?: Readonly<Record<string, unknown>> | undefined;
  /** Fingerprint of the dataset. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Versions of the tools that trained it. */
  readonly versions?: Readonly<Record<string, unknown>> | undefined;
}

/** Weights and what is known of them. */
export interface Model {
  /** The weights. */
  readonly state: StateDict;
  /** What they need and where they come from. */
  readonly description: ModelDescription;
}

/** A model as it stands in a file. */
export interface StoredModel extends Model {
  /** Whether the file describes it; where it does not, what the tensors do not tell is the original's. */
  readonly described: boolean;
}

/** The original's way with images: what a file without a description is taken to be trained by. */
export const ORIGINAL_INPUT: Readonly<Pick<ModelDescription, "size" | "normalize" | "threshold">> = {
  size: 256,
  normalize: "imagenet",
  threshold: 0.5,
};

/** Marks a file's metadata as those of {@linkcode packModel}. */
const FORMAT = "deno-unet model 1";

/** Packs a model as safetensors; the same model gives the same bytes. */
export function packModel(model: Model): Uint8Array {
  return joinBytes(modelParts(model));
}

/** A file of {@linkcode packModel} in parts, one after the other; those of tensors are their own memory. */
export function modelParts({ state, description }: Model): Uint8Array[] {
  const entries = Object.entries(description).filter(([, value]) => value !== undefined);
  const texts = entries.map(([name, value]) => [name, JSON.stringify(value)]);
  return safetensorsParts(state, { format: FORMAT, ...Object.fromEntries(texts) });
}

/**
 * Reads a model: a file of {@linkcode packModel}, or any safetensors or PyTorch file of such a network's weights,
 * whose width, channels and norm are then read off the tensors and the rest is the original's.
 *
 * @throws {SyntaxError} where the file or its description is damaged.
 * @throws {RangeError} where a setting is out of range.
 * @throws {TypeError} where it holds no such network.
 */
export async function readModel(bytes: Uint8Array): Promise<StoredModel> {
  const { tensors, metadata } = await readWeights(bytes);
  if (metadata.format !== FORMAT) {
    if (metadata.format?.startsWith("deno-unet model ")) {
      throw new SyntaxError(
        `Cannot read a model of format "${metadata.format}": expected "${FORMAT}"\nhint: use the version that wrote it`,
      );
    }
    return {
      state: tensors,
      description: { network: completeConfig(inferConfig(tensors)), ...ORIGINAL_INPUT },
      described: false,
    };
  }
  const { format: _, ...texts } = metadata;
  const values = Object.entries(texts).map(([name, text]) => [name, parse(name, text)]);
  return { state: tensors, description: checkDescription(Object.fromEntries(values)), described: true };
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read the model: its "${name}" is no JSON`);
  }
}

function checkDescription(description: Record<string, unknown>): ModelDescription {
  const { network, size, normalize, threshold } = description;
  if (typeof network !== "object" || network === null) {
    throw new SyntaxError("Cannot read the model: it does not describe its network");
  }
  if (!Number.isInteger(size) || (size as number) < SIZE_STEP || (size as number) % SIZE_STEP !== 0) {
    throw new RangeError(
      `Cannot read the model: its input size is ${size}, expected a multiple of ${SIZE_STEP}`,
    );
  }
  if (!isNormalization(normalize)) {
    throw new RangeError(
      `Cannot read the model: its normalisation is ${
        JSON.stringify(normalize)
      }, expected "imagenet" or "picture"`,
    );
  }
  if (typeof threshold !== "number" || !(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(`Cannot read the model: its threshold is ${threshold}, expected 0 to 1`);
  }
  return { ...description, network: completeConfig(network), size: size as number, normalize, threshold };
}
