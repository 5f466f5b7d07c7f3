/**
 * The few values that compression or resizing has blurred: levels or colors that stand out.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Half the width of a level's own pixels, and of its surroundings. */
const OWN = 3;
const AROUND = 12;

/** Distance of two peaks. */
const LEAST_DISTANCE = 24;

/** Least share of a further peak in the pixels outside of the highest one. */
const LEAST_SHARE = 0.02;

/** Least share of all pixels around the peaks. */
const LEAST_COVERAGE = 0.85;

/** Most peaks. */
const MAX_PEAKS = 32;

/** The gray levels that stand out, ascending; null if the others are not only blur. `counts` has one entry per level. */
export function grayPeaks(counts: readonly number[]): number[] | null {
  const sum = (from: number, to: number) => {
    let total = 0;
    for (let level = Math.max(0, from); level <= Math.min(counts.length - 1, to); level++) {
      total += counts[level]!;
    }
    return total;
  };
  const total = sum(0, counts.length - 1);
  const order = [...counts.keys()].filter((level) => counts[level]! > 0).sort((a, b) =>
    counts[b]! - counts[a]!
  );
  const peaks: number[] = [];
  let rest = total;
  for (const level of order) {
    if (peaks.some((peak) => Math.abs(peak - level) < LEAST_DISTANCE)) continue;
    const own = sum(level - OWN, level + OWN);
    const around = sum(level - AROUND, level + AROUND);
    if (peaks.length > 0 && (own < LEAST_SHARE * rest || 2 * own < around)) continue;
    if (peaks.length === 0) rest -= around;
    peaks.push(level);
    if (peaks.length > MAX_PEAKS) return null;
  }
  const covered = peaks.reduce((covered, level) => covered + sum(level - AROUND, level + AROUND), 0);
  return peaks.length > 1 && covered >= LEAST_COVERAGE * total ? peaks.sort((a, b) => a - b) : null;
}

/** Largest difference in one channel of colors of one peak. */
const COLOR_DISTANCE = 40;

/** The colors, `0xrrggbb`, that stand out; null if the others are not only blur. */
export function colorPeaks(counts: ReadonlyMap<number, number>): number[] | null {
  const order = [...counts].sort((a, b) => b[1] - a[1]);
  const total = order.reduce((sum, [, pixels]) => sum + pixels, 0);
  const peaks: number[] = [];
  const own: number[] = [];
  for (const [color, pixels] of order) {
    const near = peaks.findIndex((peak) => colorDistance(peak, color) < COLOR_DISTANCE);
    if (near !== -1) own[near]! += pixels;
    else if (peaks.length < 4 * MAX_PEAKS) {
      peaks.push(color);
      own.push(pixels);
    }
  }
  const rest = total - own[0]!;
  const kept = peaks.filter((_, at) => at === 0 || own[at]! >= LEAST_SHARE * rest);
  const covered = own.reduce((sum, pixels, at) => sum + (kept.includes(peaks[at]!) ? pixels : 0), 0);
  return kept.length > 1 && kept.length <= MAX_PEAKS && covered >= LEAST_COVERAGE * total ? kept : null;
}

/** The largest difference in one channel. */
export function colorDistance(a: number, b: number): number {
  return Math.max(
    Math.abs((a >> 16) - (b >> 16)),
    Math.abs((a >> 8 & 255) - (b >> 8 & 255)),
    Math.abs((a & 255) - (b & 255)),
  );
}
