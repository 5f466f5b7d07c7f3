/**
 * Inverted element-wise dropout.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import forwardCode from "./forward.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** The planes (image and channel) of one dispatch. */
export interface DropoutPlanes {
  /** Height * width. */
  readonly pixels: number;
  /** Number of planes. */
  readonly count: number;
  /** Index in the micro-batch of the first bound element. */
  readonly firstElement: number;
  /** Elements per image. In a micro-batch, `step` gives the index of its first image. */
  readonly imageElements: number;
}

/**
 * `y = x / (1 - probability)` for kept elements, otherwise 0; bindings x, affine, y, step.
 *
 * @throws {RangeError} if the probability is not in [0, 1)
 */
export function dropoutForward(planes: DropoutPlanes, probability: number, normalized: boolean): Dispatch {
  if (!(probability >= 0 && probability < 1)) {
    throw new RangeError(
      `Cannot drop out with probability ${probability}: expected a value in [0, 1)`,
    );
  }
  return {
    kernel: kernel("dropout/forward", forwardCode, { NORMALIZED: normalized }),
    params: packParams([
      planes.pixels,
      planes.count * planes.pixels,
      planes.firstElement,
      planes.imageElements,
      Math.floor(probability * 2 ** 32),
      f32(1 / (1 - probability)),
    ]),
    workgroups: flatGrid("dropout/forward", planes.count * planes.pixels, WORKGROUP),
  };
}
