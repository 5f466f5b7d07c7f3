/**
 * Shapes of image batches.
 *
 * @module
 */

/** A batch of feature maps, row-major NCHW. */
export interface Nchw {
  /** Images. */
  readonly batch: number;
  /** Feature maps of an image. */
  readonly channels: number;
  /** Rows of a map. */
  readonly height: number;
  /** Columns of a map. */
  readonly width: number;
}

/** Elements of one image: channels x height x width. */
export function imageSize(shape: Nchw): number {
  return shape.channels * shape.height * shape.width;
}

/** Elements in all. */
export function size(shape: Nchw): number {
  return shape.batch * imageSize(shape);
}
