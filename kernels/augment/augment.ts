/**
 * Random augmentation of images together with their masks.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import code from "./augment.wgsl" with { type: "text" };
import toneCode from "./tone.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Strength of each transform; 0 or false turns it off. */
export interface Augmentation {
  /** Flips horizontally with probability 1/2. */
  readonly flipHorizontal: boolean;
  /** Flips vertically with probability 1/2. */
  readonly flipVertical: boolean;
  /** Largest rotation, in degrees, either way. */
  readonly rotation: number;
  /** Largest relative change of size: 0.1 scales by 0.9 to 1.1. */
  readonly scale: number;
  /** Largest shift, as a share of height and width, either way. */
  readonly shift: number;
  /** Largest relative change of contrast. */
  readonly contrast: number;
  /** Largest value added to a normalized image, either sign. */
  readonly brightness: number;
  /** Largest standard deviation of noise added to a normalized image. */
  readonly noise: number;
  /**
   * Largest offset of the control points of a smooth displacement, as a share of height and width, either way; below
   * {@linkcode MOST_ELASTIC}.
   */
  readonly elastic?: number;
  /** Largest logarithm of the exponent of a gamma curve, either sign: 0.5 is an exponent of 0.61 to 1.65. */
  readonly gamma?: number;
  /** Largest relative change of the slope of a smooth monotone curve of intensities, below 1. */
  readonly tone?: number;
  /** Largest relative change of brightness by a smooth field across the image, either sign. */
  readonly bias?: number;
  /** Probability that intensities are inverted, among images of the share. */
  readonly invert?: number;
  /** Probability that gamma, tone, bias and invert act on an image; 1 by default. */
  readonly share?: number;
}

/** Cells of the control points' grid along each side of an image, as in `augment.wgsl`. */
export const ELASTIC_CELLS = 4;

/**
 * Offsets of control points, as a share of an image's side, below which a displacement cannot fold the image, whatever is
 * drawn: the distance of control points over 2.0464 (Choi and Lee, Injectivity conditions of 2D and 3D uniform cubic
 * B-spline functions, 2000).
 */
export const MOST_ELASTIC: number = 1 / ELASTIC_CELLS / 2.0464;

/** The transforms of intensities that `share` makes rarer. */
export const TONES = ["gamma", "tone", "bias", "invert"] as const;

/** Height and width of images. */
export type Extents = Pick<Nchw, "height" | "width">;

/** What else {@linkcode augment} takes. */
export interface AugmentOptions {
  /** Index in the micro-batch of the first image bound; defaults to 0. */
  readonly firstImage?: number;
  /** Height and width of the sources, around the same center; default to those of the images. */
  readonly source?: Extents | undefined;
  /** What masks are outside the source: 0, the default, or -1 to ignore these pixels. */
  readonly outside?: 0 | -1;
}

/**
 * Height and width of the sources from which images of these extents can be augmented without reaching past their edges;
 * even, or odd, as the extents are, so that both have the same center.
 */
export function sourceExtents({ height, width }: Extents, options: Augmentation): Extents {
  const turn = options.rotation * Math.PI / 180;
  const extent = (along: number, across: number) => {
    // What a rotation by at most `turn` brings farthest along an axis.
    const farthest = turn >= Math.atan2(across, along)
      ? Math.hypot(along, across)
      : Math.cos(turn) * along + Math.sin(turn) * across;
    const more = (0.5 + options.shift + (options.elastic ?? 0)) / (1 - options.scale) * farthest -
      0.5 * along;
    // One more, for the second of two pixels between which is interpolated.
    return more > 0 ? along + 2 * Math.ceil(more + 1) : along;
  };
  return { height: extent(height, width), width: extent(width, height) };
}

/** Augments images and their masks; bindings source_images, source_masks, images, masks, step. */
export function augment(
  images: Nchw,
  maskChannels: number,
  options: Augmentation,
  { firstImage = 0, source = images, outside = 0 }: AugmentOptions = {},
): Dispatch {
  const { batch, channels, height, width } = images;
  return {
    kernel: kernel("augment/augment", code),
    params: packParams([
      height,
      width,
      channels,
      maskChannels,
      (options.flipHorizontal ? 1 : 0) | (options.flipVertical ? 2 : 0),
      f32(options.rotation * Math.PI / 180),
      f32(options.scale),
      f32(options.shift),
      f32(options.contrast),
      f32(options.brightness),
      f32(options.noise),
      firstImage,
      source.height,
      source.width,
      f32(outside),
      f32(options.elastic ?? 0),
    ]),
    workgroups: grid("augment/augment", height * width, WORKGROUP, batch),
  };
}

/** Whether {@linkcode toneChange} would change anything. */
export function changesTone(options: Augmentation): boolean {
  return TONES.some((name) => (options[name] ?? 0) > 0) && options.share !== 0;
}

/** Changes how intensities of images map to values, after {@linkcode augment} and in place; bindings images, step. */
export function toneChange(images: Nchw, options: Augmentation, firstImage = 0): Dispatch {
  const { batch, channels, height, width } = images;
  return {
    kernel: kernel("augment/tone", toneCode),
    params: packParams([
      height,
      width,
      channels,
      firstImage,
      f32(options.share ?? 1),
      ...TONES.map((name) => f32(options[name] ?? 0)),
    ]),
    workgroups: grid("augment/tone", height * width, WORKGROUP, batch),
  };
}
