/**
 * What layers hand to each other, and how batches are cut where a binding could not hold them whole.
 *
 * @module
 */
import { imageSize, type Nchw } from "../../kernels/shape.ts";
import { BYTES } from "../../kernels/storage.ts";
import { BINDING_ALIGNMENT, type Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";

/**
 * A tensor between layers. `plain` values are read as they are; a `relu` tensor holds the result of a ReLU, whose
 * derivative is read off it; a `normalized` one holds a convolution's result, which its readers turn into
 * max(0, scale * z + shift) on the way, scale and shift from `affine`.
 */
export interface Activation {
  /** Extents. */
  readonly shape: Nchw;
  /** Where the values lie. */
  region: Region;
  /** How the values are to be read. */
  readonly kind: "plain" | "relu" | "normalized";
  /** Scale and shift of every plane, where normalised. */
  readonly affine?: Region;
  /** 1 / (1 - p) where the tensor is the result of dropout, else 1. */
  readonly gradientScale: number;
  /**
   * Records the values anew, into memory of their own, for a reader in the backward: what is cheap to make from
   * tensors that are kept anyway need not be kept itself.
   */
  restore?: () => void;
  /** The gradient of the loss by what this tensor was made of, before its ReLU; undefined until a reader writes it. */
  gradient?: Region;
}

/** A run of images of a batch. */
export interface Chunk {
  /** First image. */
  readonly first: number;
  /** Number of images. */
  readonly count: number;
}

/**
 * Cuts a batch so that the largest tensor that is bound by images fits one binding, and every cut is aligned.
 *
 * @param shapes tensors that are bound by images
 * @throws {RangeError} where not even one image (or the few that alignment asks for) fits.
 */
export function chunkBatch(recorder: Recorder, shapes: readonly Nchw[]): Chunk[] {
  const batch = shapes[0]!.batch;
  const imageBytes = shapes.map((shape) => imageSize(shape) * 4);
  const largest = Math.max(...imageBytes);
  if (largest * batch <= recorder.maxBinding) return [{ first: 0, count: batch }];
  // What is stored as float16 takes half the bytes, and must begin at a whole multiple of the alignment, too.
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
        `one tensor, the device binds ${recorder.maxBinding} at once\nhint: use smaller images or fewer filters`,
    );
  }
  const chunks: Chunk[] = [];
  for (let first = 0; first < batch; first += most) {
    chunks.push({ first, count: Math.min(most, batch - first) });
  }
  return chunks;
}

/** The images of a chunk in a tensor. */
export function chunkView(region: Region, shape: Nchw, chunk: Chunk): RegionView {
  const size = imageSize(shape);
  return view(region, chunk.first * size, chunk.count * size);
}

/** The scale and shift of a chunk's planes, or nothing where the tensor is not normalised. */
export function affineView(recorder: Recorder, activation: Activation, chunk: Chunk): RegionView {
  if (activation.affine === undefined) return recorder.nothing;
  const { channels } = activation.shape;
  return view(activation.affine, chunk.first * channels * 2, chunk.count * channels * 2);
}

/** How a convolution's input gradient is gated by the tensor that it belongs to. */
export function gateOf(activation: Activation): "none" | "activation" | "normalized" {
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
