/**
 * Whether the samples of an image fill the range of their type.
 *
 * @module
 */
import type { ImageNote, Raster } from "./image.ts";

/** An image of more than 8 bits per sample that uses at most this many of 256 levels gets a note. */
const FEW_LEVELS = 64;

/** Share of the samples that may lie beyond the range, at either end: burnt-in text, dead pixels. */
const OUTLIERS = 0.005;

/**
 * A note for samples of more than 8 `bits` that almost all lie in a quarter of their range or less: scanners store 12
 * bits in 16, unscaled, and such an image is nearly black. None for samples of 8 bits and for floating-point ones.
 */
export function levelsNote({ data }: Raster, bits: number): ImageNote[] {
  if (bits <= 8 || data instanceof Float32Array) return [];
  const shift = data instanceof Uint16Array ? 8 : 0;
  const counts = new Uint32Array(256);
  for (const sample of data) counts[sample >> shift]!++;
  const levels = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const lowest = percentile(counts, OUTLIERS * data.length);
  const highest = 255 - percentile(counts.toReversed(), OUTLIERS * data.length);
  if (levels > FEW_LEVELS || highest - lowest >= FEW_LEVELS) return [];
  const range = levels === 1 ? `level ${lowest}` : `nearly all from ${lowest} to ${highest}`;
  const message = `${bits}-bit samples use only ${levels} of the 256 levels that are read, ${range}; ` +
    "rescale them to the full range";
  return [{ kind: "levels", message }];
}

/** The first level with which more than `share` samples are counted. */
function percentile(counts: Uint32Array, share: number): number {
  let sum = 0;
  return counts.findIndex((count) => (sum += count) > share);
}
