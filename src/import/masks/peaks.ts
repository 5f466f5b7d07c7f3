/**
 * The few values that compression or resizing has blurred: levels or colors that stand out.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Half the width of a level's own pixels, and of its surroundings. */
const OWN = 5;
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

/** Distance of two peaks of colors, and of the pixels of one. */
const COLOR_DISTANCE = 64;

/** Distance within which most of the pixels around a peak of colors lie. */
const OWN_COLOR = 24;

/** Colors that are looked at, the most frequent first. */
const MAX_CANDIDATES = 4096;

/** The colors, `0xrrggbb`, that stand out; null if the others are not only blur. */
export function colorPeaks(counts: ReadonlyMap<number, number>): number[] | null {
  const order = [...counts].sort((a, b) => b[1] - a[1]);
  const total = order.reduce((sum, [, pixels]) => sum + pixels, 0);
  const within = (color: number, distance: number) =>
    order.reduce((sum, [other, pixels]) => sum + (colorDistance(color, other) <= distance ? pixels : 0), 0);
  const peaks: number[] = [];
  let rest = total;
  let covered = 0;
  for (const [color] of order.slice(0, MAX_CANDIDATES)) {
    if (peaks.some((peak) => colorDistance(peak, color) < COLOR_DISTANCE)) continue;
    const around = within(color, COLOR_DISTANCE / 2);
    const own = within(color, OWN_COLOR / 2);
    if (peaks.length > 0 && (own < LEAST_SHARE * rest || 2 * own < around)) continue;
    if (peaks.length === 0) rest -= around;
    covered += within(color, COLOR_DISTANCE - 1);
    peaks.push(color);
    if (peaks.length > MAX_PEAKS) return null;
  }
  return peaks.length > 1 && covered >= LEAST_COVERAGE * total ? peaks : null;
}

/** The largest difference in one channel. */
export function colorDistance(a: number, b: number): number {
  return Math.max(
    Math.abs((a >> 16) - (b >> 16)),
    Math.abs((a >> 8 & 255) - (b >> 8 & 255)),
    Math.abs((a & 255) - (b & 255)),
  );
}
