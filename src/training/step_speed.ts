/**
 * How long a training step takes by filters and pixels, from a few measurements: a fixed part and one per pixel, both a
 * power of the filters. Pure.
 *
 * @module
 */

/** A measured training step. */
export interface SpeedPoint {
  /** Feature maps of the first block. */
  readonly filters: number;
  /** Pixels of the whole batch. */
  readonly pixels: number;
  /** Seconds per step. */
  readonly seconds: number;
}

/** The measured speed of a device. */
export interface Speed {
  /** The device. */
  readonly adapter: string;
  /** What was measured. */
  readonly points: readonly SpeedPoint[];
  /** Seconds that measuring took. */
  readonly seconds: number;
}

/** A straight line through the steps of one number of filters. */
interface Line {
  readonly filters: number;
  readonly fixed: number;
  readonly perPixel: number;
}

/** The power of the filters by which time grows, if it was measured for one number of them. */
const USUAL_POWER = 1.4;
/** Powers outside of this come from other load on the machine: multiply-adds grow with the square. */
const POWERS = [0, 2] as const;

/** Expected seconds of a training step on `pixels` pixels with a network of `filters` filters. */
export function stepSecondsBy(
  { points }: Pick<Speed, "points">,
): (filters: number, pixels: number) => number {
  const lines = linesOf(points);
  return (filters, pixels) => {
    const fixed = atFilters(lines, filters, ({ fixed }) => fixed);
    return fixed + pixels * atFilters(lines, filters, ({ perPixel }) => perPixel);
  };
}

function linesOf(points: readonly SpeedPoint[]): Line[] {
  const all = [...new Set(points.map(({ filters }) => filters))].sort((a, b) => a - b);
  return all.map((filters) => {
    const own = points.filter((point) => point.filters === filters).sort((a, b) => a.pixels - b.pixels);
    const [small, large] = [own[0]!, own.at(-1)!];
    const slope = large.pixels > small.pixels
      ? (large.seconds - small.seconds) / (large.pixels - small.pixels)
      : 0;
    // At least a quarter of the largest step is its pixels': other load may have hit the small one.
    const perPixel = Math.max(slope, large.seconds / large.pixels / 4);
    return { filters, perPixel, fixed: Math.max(0, large.seconds - perPixel * large.pixels) };
  });
}

/** A value at a number of filters, as a power of them through the two nearest measured ones. */
function atFilters(lines: readonly Line[], filters: number, valueOf: (line: Line) => number): number {
  const above = lines.findIndex((line) => line.filters >= filters);
  const at = above < 0 ? lines.length - 1 : above;
  const [high, low] = [lines[at]!, lines[at === 0 ? Math.min(1, lines.length - 1) : at - 1]!];
  const value = valueOf(high);
  return value * (filters / high.filters) ** powerOf(low, high, valueOf);
}

function powerOf(a: Line, b: Line, valueOf: (line: Line) => number): number {
  const [low, high] = [valueOf(a), valueOf(b)];
  if (a.filters === b.filters || low <= 0 || high <= 0) return USUAL_POWER;
  const power = Math.log(high / low) / Math.log(b.filters / a.filters);
  return Math.min(POWERS[1], Math.max(POWERS[0], power));
}
