/**
 * Shapes of NCHW tensors.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Shape of a batch of feature maps, NCHW. */
export interface Nchw {
  /** Images, N. */
  readonly batch: number;
  /** Channels, C. */
  readonly channels: number;
  /** Rows, H. */
  readonly height: number;
  /** Columns, W. */
  readonly width: number;
}

/** Elements per image: C * H * W. */
export function imageSize(shape: Nchw): number {
  return shape.channels * shape.height * shape.width;
}

/** Elements of the tensor: N * C * H * W. */
export function size(shape: Nchw): number {
  return shape.batch * imageSize(shape);
}
