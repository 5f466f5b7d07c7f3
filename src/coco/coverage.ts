/**
 * How many pixels something covers, and where.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What a drawn outline covers. */
export interface Coverage {
  /** Pixels. */
  readonly pixels: number;
  /** The smallest box around them, as pixel columns and rows; `right` and `bottom` are the first ones outside. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The coverage of nothing, which extends any other. */
export const NO_COVERAGE: Coverage = { pixels: 0, left: Infinity, top: Infinity, right: 0, bottom: 0 };

/** The sum of pixels, and the box around both boxes. */
export function unite(a: Coverage, b: Coverage): Coverage {
  return {
    pixels: a.pixels + b.pixels,
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}
