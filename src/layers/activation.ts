/**
 * Tensors between layers, and how a batch is split into chunks that fit one binding.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { imageSize, type Nchw } from "../../kernels/shape.ts";
import { BYTES } from "../../kernels/storage.ts";
import { BINDING_ALIGNMENT } from "../gpu/alignment.ts";
import { type Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";

/**
 * A tensor between layers. `plain` values are read as they are. A `relu` tensor holds the result of a ReLU; its
 * derivative is read off the values. A `normalized` tensor holds the raw result z of a convolution; every reader
 * computes max(0, scale * z + shift) with the scale and shift in `affine`, so the normalized values are never stored.
 */
export interface Activation {
  /** Extents. */
  readonly shape: Nchw;
  /** Where the values are stored. */
  region: Region;
  /** How the values are to be read. */
  readonly kind: "plain" | "relu" | "normalized";
  /** Scale and shift of every plane, if normalized. */
  readonly affine?: Region;
  /** 1 / (1 - p) for the result of dropout, else 1. */
  readonly gradientScale: number;
  /** Records the values again, into memory of their own, for a reader in the backward pass. */
  rematerialize?: () => void;
  /**
   * Gradient of the loss with respect to what this tensor was before its ReLU; undefined until a reader's backward
   * writes it.
   */
  gradient?: Region;
}

/** The gradient that the readers of a tensor have written. */
export function gradientOf(activation: Activation, label: string): Region {
  if (!activation.gradient) {
    throw new Error(`Cannot record the backward of "${label}": nothing wrote its gradient`);
  }
  return activation.gradient;
}

/** A range of the images of a batch. */
export interface Chunk {
  /** First image. */
  readonly first: number;
  /** Number of images. */
  readonly count: number;
}

/**
 * Splits a batch so that every chunk of the largest tensor fits one binding and begins at an aligned offset.
 *
 * @param shapes the tensors that are bound chunk by chunk
 * @throws {RangeError} if not even one image fits, or the few images that alignment requires.
 */
export function chunkBatch(recorder: Recorder, shapes: readonly Nchw[]): Chunk[] {
  const batch = shapes[0]!.batch;
  const imageBytes = shapes.map((shape) => imageSize(shape) * 4);
  const largest = Math.max(...imageBytes);
  if (largest * batch <= recorder.maxBinding) return [{ first: 0, count: batch }];
  // Tensors stored as float16 have half the bytes per image, and their chunks must be aligned, too.
  const smallest = BYTES[recorder.precision];
  const step = Math.max(
    ...shapes.map((shape) =>
      BINDING_ALIGNMENT / greatestCommonDivisor(imageSize(shape) * smallest, BINDING_ALIGNMENT)
    ),
  );
  const most = Math.floor(recorder.maxBinding / largest / step) * step;
  if (most < 1) {
    throw new RangeError(
      `Cannot plan a batch: ${step === 1 ? "one image takes" : `${step} images take`} ${
        largest * step
      } bytes in ` +
        `one tensor, the device binds at most ${recorder.maxBinding}\nhint: use smaller images or fewer filters`,
    );
  }
  const chunks: Chunk[] = [];
  for (let first = 0; first < batch; first += most) {
    chunks.push({ first, count: Math.min(most, batch - first) });
  }
  return chunks;
}

/** Shapes of everything that a layer binds chunk by chunk: the values, and the scales and shifts of normalized ones. */
export function boundShapes(activations: readonly Activation[]): Nchw[] {
  return activations.flatMap(({ shape, affine }) =>
    affine ? [shape, { batch: shape.batch, channels: 2 * shape.channels, height: 1, width: 1 }] : [shape]
  );
}

/** The images of a chunk of a tensor. */
export function chunkView(region: Region, shape: Nchw, chunk: Chunk): RegionView {
  const size = imageSize(shape);
  return view(region, chunk.first * size, chunk.count * size);
}

/** The scale and shift of a chunk's planes; a placeholder if the tensor is not normalized. */
export function affineView(recorder: Recorder, activation: Activation, chunk: Chunk): RegionView {
  if (activation.affine === undefined) return recorder.nothing;
  const { channels } = activation.shape;
  return view(activation.affine, chunk.first * channels * 2, chunk.count * channels * 2);
}

/**
 * How a gradient is gated by the ReLU of the tensor that it belongs to. A layer whose kernels do not multiply by
 * {@linkcode Activation.gradientScale} must not read the result of dropout; the one that does says `scales`.
 */
export function gateOf(activation: Activation, scales = false): "none" | "activation" | "normalized" {
  if (activation.gradientScale !== 1 && !scales) {
    throw new Error(
      `Cannot record the gradient of "${activation.region.label}": its reader does not scale gradients`,
    );
  }
  return activation.kind === "plain" ? "none" : activation.kind === "relu" ? "activation" : "normalized";
}

/** The bindings `gate` and `gate_affine` for a chunk of the tensor that a gradient belongs to. */
export function gateViews(
  recorder: Recorder,
  activation: Activation,
  chunk: Chunk,
): { gate: RegionView; gate_affine: RegionView } {
  if (activation.kind === "plain") return { gate: recorder.nothing, gate_affine: recorder.nothing };
  return {
    gate: chunkView(activation.region, activation.shape, chunk),
    gate_affine: affineView(recorder, activation, chunk),
  };
}

/** A chunk's shape. */
export function chunkShape(shape: Nchw, chunk: Chunk): Nchw {
  return { ...shape, batch: chunk.count };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
