/**
 * What a model file keeps of the appearance of the images that the model was trained on.
 * This module is browser compatible.
 *
 * @module
 */
import { isRecord } from "../fs/json_shape.ts";

/** A normal distribution of feature vectors. */
export interface FeatureSpace {
  /** The mean of each feature. */
  readonly mean: Float32Array;
  /** The deviation that each feature is divided by. */
  readonly deviation: Float32Array;
  /** The rows of a lower triangle that makes standardized features independent and of variance 1, one after the other. */
  readonly whitening: Float32Array;
}

/** The appearance of the images that a model was trained on; bounded, whatever their number. */
export interface ModelAppearance {
  /** Images that it was measured on. */
  readonly images: number;
  /** The share of images, held out in turn, whose distance is below the threshold. */
  readonly quantile: number;
  /** That distance. */
  readonly threshold: number;
  /** Number of features. */
  readonly features: number;
  /** A {@linkcode FeatureSpace}: its three arrays of little-endian float32 values, one after the other, in base64. */
  readonly space: string;
}

/** Most features. */
const MOST_FEATURES = 256;

/** Float32 values of a space. */
function spaceLength(features: number): number {
  return 2 * features + features * (features + 1) / 2;
}

/** The text of a space. */
export function packSpace({ mean, deviation, whitening }: FeatureSpace): string {
  const values = [...mean, ...deviation, ...whitening];
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setFloat32(4 * index, value, true));
  return new Uint8Array(view.buffer).toBase64();
}

/** The inverse of {@linkcode packSpace}; null for any other text. */
export function unpackSpace(text: string, features: number): FeatureSpace | null {
  const count = spaceLength(features);
  if (text.length !== 4 * Math.ceil(4 * count / 3)) return null;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // Not by `fromBase64`, which browsers of 2025 and before do not have.
    bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  if (bytes.length !== 4 * count) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float32Array.from({ length: count }, (_, index) => view.getFloat32(4 * index, true));
  const deviation = values.subarray(features, 2 * features);
  if (!values.every(Number.isFinite) || !deviation.every((value) => value > 0)) return null;
  return { mean: values.subarray(0, features), deviation, whitening: values.subarray(2 * features) };
}

/** Whether a value of a file is a {@linkcode ModelAppearance}. */
export function isModelAppearance(value: unknown): value is ModelAppearance {
  if (!isRecord(value)) return false;
  const { images, quantile, threshold, features, space } = value;
  return isCount(images, Number.MAX_SAFE_INTEGER) && isPositive(quantile) && quantile < 1 &&
    isPositive(threshold) && isCount(features, MOST_FEATURES) && typeof space === "string" &&
    unpackSpace(space, features) !== null;
}

function isCount(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && value as number >= 1 && value as number <= most;
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}
