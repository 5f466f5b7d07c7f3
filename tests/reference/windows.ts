/**
 * Sliding windows with Gaussian weights, as plain float64 loops over the whole image: no bands, no running sums.
 *
 * @module
 */

/** First pixels of windows that cover `extent` and overlap by half at least, spread evenly. */
export function startsOf(extent: number, side: number): number[] {
  if (extent <= side) return [0];
  let steps = 1;
  while ((extent - side) / steps > side / 2) steps++;
  const starts: number[] = [];
  for (let step = 0; step <= steps; step++) starts.push(Math.round(step * (extent - side) / steps));
  return starts;
}

/** exp(-d^2 / (2 sigma^2)) of the distance from a window's center, sigma an eighth of it. */
export function weightOf(at: number, side: number): number {
  const distance = at - (side - 1) / 2;
  return Math.exp(-(distance * distance) / (2 * (side / 8) * (side / 8)));
}

/** The weighted mean at each pixel of `values(top, left)`, which gives [classes, side, side] for a window. */
export function slide(
  height: number,
  width: number,
  side: number,
  classes: number,
  values: (top: number, left: number) => ArrayLike<number>,
): Float64Array {
  const sums = new Float64Array(classes * height * width);
  const weights = new Float64Array(height * width);
  for (const top of startsOf(height, side)) {
    for (const left of startsOf(width, side)) {
      const window = values(top, left);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          const weight = weightOf(y, side) * weightOf(x, side);
          weights[(top + y) * width + left + x]! += weight;
          for (let c = 0; c < classes; c++) {
            sums[(c * height + top + y) * width + left + x]! += weight * window[(c * side + y) * side + x]!;
          }
        }
      }
    }
  }
  return sums.map((sum, at) => sum / weights[at % (height * width)]!);
}
