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
}

/**
 * Augments images and their masks; bindings source_images, source_masks, images, masks, step. `firstImage` is the index
 * in the micro-batch of the first image bound.
 */
export function augment(
  images: Nchw,
  maskChannels: number,
  options: Augmentation,
  firstImage = 0,
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
    ]),
    workgroups: grid("augment/augment", height * width, WORKGROUP, batch),
  };
}
