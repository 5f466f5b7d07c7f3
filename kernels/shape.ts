/**
 * Shapes of image batches.
 *
 * @module
 */

/** A batch of feature maps, row-major NCHW. */
export interface Nchw {
  /** Pictures. */
  readonly batch: number;
  /** Feature maps of a picture. */
  readonly channels: number;
  /** Rows of a map. */
  readonly height: number;
  /** Columns of a map. */
  readonly width: number;
}

/** Elements of one picture: channels x height x width. */
export function imageSize(shape: Nchw): number {
  return shape.channels * shape.height * shape.width;
}

/** Elements in all. */
export function size(shape: Nchw): number {
  return shape.batch * imageSize(shape);
}
