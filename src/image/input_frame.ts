/**
 * What a network sees of an image: all of it, stretched or padded to the input's size, or the image at a resolution of
 * its own, of which windows are read.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";

/** How images of other proportions fit the input: `stretch` changes theirs, as the original does; `pad` keeps them. */
export type Fit = "stretch" | "pad";

/** All values of {@linkcode Fit}. */
export const FITS: readonly Fit[] = ["stretch", "pad"];

/** The size of an input, and how images come to it. */
export interface InputExtents {
  /** Width in pixels, and height unless that is given. */
  readonly size: number;
  /** Height in pixels; absent for that of a square. */
  readonly height?: number | undefined;
  /** How images fit the input; absent for `stretch`. */
  readonly fit?: Fit | undefined;
  /** Width and height of the windows in which images of any size are read, equal to `size`; absent for whole images. */
  readonly patch?: number | undefined;
  /** With `patch`: the resolution relative to the image's own; absent for 1. */
  readonly scale?: number | undefined;
}

/** Where an image lies in its input. */
export interface Frame extends Size {
  /** Columns of padding to the left of it. */
  readonly x: number;
  /** Rows of padding above it. */
  readonly y: number;
  /** The resized image; the rest is padding. */
  readonly inner: Size;
}

/** Width and height of an input, or of a window of it. */
export function inputSize({ size, height = size }: Pick<InputExtents, "size" | "height">): Size {
  return { width: size, height };
}

/** A size for people and flags: `256`, or `256x192`, the width first. */
export function formatSize({ size, height = size }: Pick<InputExtents, "size" | "height">): string {
  return height === size ? `${size}` : `${size}x${height}`;
}

/** The input in few words. */
export function describeExtents(extents: InputExtents): string {
  const { fit, patch, scale } = extents;
  if (patch !== undefined) {
    return `windows of ${patch} px at ${
      scale === undefined ? "the image's own resolution" : `scale ${scale}`
    }`;
  }
  return `${formatSize(extents)} px${fit === "pad" ? ", padded" : ""}`;
}

/** Whether predictions and metrics are at the image's own size: in all forms but the original's. */
export function isAtOwnSize({ fit, patch }: InputExtents): boolean {
  return fit === "pad" || patch !== undefined;
}

/** Where an image of a size lies in its input. */
export function frameOf(extents: InputExtents, image: Size): Frame {
  const { fit, patch, scale = 1 } = extents;
  if (patch !== undefined) {
    const inner = { width: scaled(image.width, scale), height: scaled(image.height, scale) };
    return { ...inner, x: 0, y: 0, inner };
  }
  const { width, height } = inputSize(extents);
  if (fit !== "pad") return { width, height, x: 0, y: 0, inner: { width, height } };
  const factor = Math.min(width / image.width, height / image.height);
  const inner = {
    width: Math.min(width, scaled(image.width, factor)),
    height: Math.min(height, scaled(image.height, factor)),
  };
  return {
    width,
    height,
    x: Math.floor((width - inner.width) / 2),
    y: Math.floor((height - inner.height) / 2),
    inner,
  };
}

function scaled(extent: number, factor: number): number {
  return Math.max(1, Math.round(extent * factor));
}

/** Whether an image fills its input. */
export function fillsFrame({ width, height, inner }: Frame): boolean {
  return inner.width === width && inner.height === height;
}

/** Copies planes of the inner size into those of the frame; the padding keeps what it has. */
export function padPlanes<T extends Float32Array | Uint8Array>(inner: T, frame: Frame, target: T): void {
  const { width, height } = frame.inner;
  const planes = inner.length / (width * height);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y++) {
      const from = (plane * height + y) * width;
      const row = inner.subarray(from, from + width);
      target.set(row as never, (plane * frame.height + frame.y + y) * frame.width + frame.x);
    }
  }
}

/** The part of a plane of the frame's size that shows the image. */
export function cropPlane(plane: Float32Array, frame: Frame): Float32Array {
  const { width, height } = frame.inner;
  const inner = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (frame.y + y) * frame.width + frame.x;
    inner.set(plane.subarray(from, from + width), y * width);
  }
  return inner;
}
