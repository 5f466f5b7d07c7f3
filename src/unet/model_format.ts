/**
 * Model files: weights together with everything that prediction needs, as safetensors.
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

/** What a model file says about its weights. */
export interface ModelDescription {
  /** The network's settings. */
  readonly network: UNetConfig;
  /** Height and width that images were resized to. */
  readonly size: number;
  /** How images were normalized. */
  readonly normalize: Normalization;
  /** A pixel belongs to the mask if its probability is above this. */
  readonly threshold: number;
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
  normalize: "imagenet",
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
  const entries = Object.entries(description).filter(([, value]) => value !== undefined);
  const texts = entries.map(([name, value]) => [name, JSON.stringify(value)]);
  return safetensorsParts(state, { format: FORMAT, ...Object.fromEntries(texts) });
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
    throw new SyntaxError(`Cannot read the model: its "${name}" is not JSON`);
  }
}

function checkDescription(description: Record<string, unknown>): ModelDescription {
  const { network, size, normalize, threshold } = description;
  if (typeof network !== "object" || network === null) {
    throw new SyntaxError("Cannot read the model: its metadata does not describe the network");
  }
  if (!Number.isInteger(size) || (size as number) < SIZE_STEP || (size as number) % SIZE_STEP !== 0) {
    throw new RangeError(
      `Cannot read the model: its input size is ${size}, expected a multiple of ${SIZE_STEP}`,
    );
  }
  if (!isNormalization(normalize)) {
    throw new RangeError(
      `Cannot read the model: its normalization is ${
        JSON.stringify(normalize)
      }, expected "imagenet" or "picture"`,
    );
  }
  if (typeof threshold !== "number" || !(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(
      `Cannot read the model: its threshold is ${threshold}, expected a number from 0 to 1`,
    );
  }
  return { ...description, network: completeConfig(network), size: size as number, normalize, threshold };
}
