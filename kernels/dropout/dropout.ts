/**
 * Inverted, element-wise dropout.
 *
 * @module
 */
import { flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import forwardCode from "./forward.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Planes (image and channel) that one dispatch covers. */
export interface DropoutPlanes {
  /** Height * width. */
  readonly pixels: number;
  /** Number of planes. */
  readonly count: number;
  /** Element of the batch that the binding begins with. */
  readonly firstElement: number;
  /** Elements of an image: where the batch is a part of a larger one, `step` names its first image. */
  readonly imageElements: number;
}

/** `y = x / (1 - probability)` where kept, else 0; bindings x, affine, y, step. */
export function dropoutForward(planes: DropoutPlanes, probability: number, normalized: boolean): Dispatch {
  if (!(probability >= 0 && probability < 1)) {
    throw new RangeError(
      `Cannot drop out with probability ${probability}: expected 0 up to, not including, 1`,
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
