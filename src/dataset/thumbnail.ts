/**
 * Thumbnails for finding copies, also of another size, quality, brightness or contrast, mirrored or rotated.
 *
 * @module
 */
import type { RgbImage } from "../image/image.ts";

/** An image reduced to 32 x 32 gray values. */
export interface Thumbnail {
  /** Gray values, row-major, normalized to mean 0 and standard deviation 1. */
  readonly grays: Float32Array;
  /** Mean gray of the {@linkcode ORBIT_COUNT} sets of blocks that mirroring and turning map to each other. */
  readonly orbits: Float32Array;
}

/** Width and height of a thumbnail. */
const SIDE = 32;

/**
 * Largest mean difference of two copies, in standard deviations. On brain slices, sharpened copies and copies with
 * another contrast lie below 0.2, different patients above 0.3.
 */
const NEAR_EQUAL = 0.2;

/** Below this standard deviation, in gray values of 0 to 255, similarity proves nothing. */
const LEAST_DEVIATION = 2;

/** The thumbnail of an image, by averaging over cells; null for an image without contrast. */
export function makeThumbnail(image: RgbImage): Thumbnail | null {
  const sums = new Float64Array(SIDE * SIDE);
  const counts = new Float64Array(SIDE * SIDE);
  // In images smaller than the thumbnail, a pixel counts in several cells.
  const stepX = Math.min(1, image.width / SIDE);
  const stepY = Math.min(1, image.height / SIDE);
  for (let v = 0; v < image.height; v += stepY) {
    const row = SIDE * cellOf(v, image.height);
    for (let u = 0; u < image.width; u += stepX) {
      const at = 3 * (Math.floor(v) * image.width + Math.floor(u));
      const cell = row + cellOf(u, image.width);
      // Luma of ITU-R BT.601.
      sums[cell]! += 0.299 * image.data[at]! + 0.587 * image.data[at + 1]! + 0.114 * image.data[at + 2]!;
      counts[cell]!++;
    }
  }
  const grays = Float32Array.from(sums, (sum, i) => sum / Math.max(1, counts[i]!));
  const mean = grays.reduce((sum, gray) => sum + gray, 0) / grays.length;
  const deviation = Math.sqrt(grays.reduce((sum, gray) => sum + (gray - mean) ** 2, 0) / grays.length);
  if (deviation < LEAST_DEVIATION) return null;
  for (let i = 0; i < grays.length; i++) grays[i] = (grays[i]! - mean) / deviation;
  return thumbnailOf(grays);
}

/** The thumbnail of normalized gray values, as {@linkcode Thumbnail.grays} holds them. */
export function thumbnailOf(grays: Float32Array): Thumbnail {
  return { grays, orbits: orbitMeans(grays) };
}

function cellOf(place: number, length: number): number {
  return Math.min(SIDE - 1, Math.floor((place * SIDE) / length));
}

/** How two images match: upright, mirrored or rotated by multiples of 90 degrees, or not at all (null). */
export function compareThumbnails(a: Thumbnail, b: Thumbnail): "upright" | "rotated" | null {
  // Means differ by no more than the values they average: a cheap bound, the same for all eight positions.
  let bound = 0;
  for (let i = 0; i < ORBIT_COUNT; i++) bound += ORBIT_SHARES[i]! * Math.abs(a.orbits[i]! - b.orbits[i]!);
  if (bound > NEAR_EQUAL) return null;
  const position = POSITIONS.findIndex((places) => {
    let left = NEAR_EQUAL * SIDE * SIDE;
    for (let i = 0; i < places.length && left >= 0; i++) left -= Math.abs(a.grays[i]! - b.grays[places[i]!]!);
    return left >= 0;
  });
  return position === -1 ? null : position === 0 ? "upright" : "rotated";
}

/** The eight symmetries of a square, the identity first: the source index of each pixel. */
const POSITIONS: readonly Uint16Array[] = Array.from(
  { length: 8 },
  (_, position) =>
    Uint16Array.from({ length: SIDE * SIDE }, (_, i) => {
      let x = i % SIDE;
      let y = Math.floor(i / SIDE);
      if ((position & 1) !== 0) x = SIDE - 1 - x;
      if ((position & 2) !== 0) y = SIDE - 1 - y;
      return (position & 4) !== 0 ? x * SIDE + y : y * SIDE + x;
    }),
);

/** Blocks per row. */
const BLOCKS = 16;

/** Blocks at the same two distances from the center, in any order, form a set. */
const ORBIT_COUNT = (BLOCKS / 2) * (BLOCKS / 2 + 1) / 2;

const ORBIT_OF = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
  const distance = (place: number) => {
    const block = Math.floor((place * BLOCKS) / SIDE);
    return Math.min(block, BLOCKS - 1 - block);
  };
  const [near, far] = [distance(i % SIDE), distance(Math.floor(i / SIDE))].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return far * (far + 1) / 2 + near;
});

const ORBIT_SHARES = Float32Array.from(
  { length: ORBIT_COUNT },
  (_, orbit) => ORBIT_OF.filter((of) => of === orbit).length / (SIDE * SIDE),
);

function orbitMeans(grays: Float32Array): Float32Array {
  const means = new Float32Array(ORBIT_COUNT);
  grays.forEach((gray, i) => means[ORBIT_OF[i]!]! += gray / (SIDE * SIDE * ORBIT_SHARES[ORBIT_OF[i]!]!));
  return means;
}
