/**
 * Reflection at the edges of an image, as NumPy's and PyTorch's `reflect`: the edge itself is not repeated.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The pixel from 0 to `extent - 1` that stands for one at any index, reflected as often as it takes. */
export function reflectIndex(index: number, extent: number): number {
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const place = ((index % period) + period) % period;
  return place < extent ? place : period - place;
}

/** The indices of `count` pixels from `first` on, each within `extent`. */
export function reflectIndices(first: number, count: number, extent: number): Int32Array {
  return Int32Array.from({ length: count }, (_, at) => reflectIndex(first + at, extent));
}
