/**
 * Surface distances between the outlines of two masks.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { boundingBox, type Box } from "../image/components.ts";
import type { Mask } from "../image/mask.ts";
import { type Spacing, squaredDistances } from "./distance_transform.ts";
import { mean, quantile } from "./statistics.ts";

/** Distances between outlines, in pixels or the unit of the spacing; null if a mask is empty. */
export interface SurfaceMetrics {
  /** The larger of the two 95th percentiles of the distances from one outline to the other. */
  readonly hausdorff95: number | null;
  /** The mean distance from all outline pixels of both masks to the other outline. */
  readonly averageSurfaceDistance: number | null;
}

/**
 * Compares the outlines of two masks of the same size.
 *
 * The outline is what an erosion with the 4-neighborhood removes: pixels with a side on the background or on the image
 * border (`mask ^ scipy.ndimage.binary_erosion(mask)`, as in MONAI and medpy). The percentile is interpolated like
 * numpy's; the larger of both directions counts, as in MONAI, DeepMind's surface-distance and Metrics Reloaded (medpy
 * pools the directions before the percentile). The average is over the distances of both directions, as in MONAI with
 * `symmetric=True` and in Metrics Reloaded.
 */
export function surfaceMetrics(predicted: Mask, truth: Mask, spacing: Spacing = [1, 1]): SurfaceMetrics {
  const box = boundingBox(predicted, truth);
  if (box === null) return { hausdorff95: null, averageSurfaceDistance: null };
  const { width, height } = box;
  // Both outlines lie within the box, and everything outside is background.
  const predictedOutline = outline(crop(predicted, box), width, height);
  const trueOutline = outline(crop(truth, box), width, height);
  const there = outlineDistances(predictedOutline, trueOutline, box, spacing);
  const back = outlineDistances(trueOutline, predictedOutline, box, spacing);
  if (there.length === 0 || back.length === 0) return { hausdorff95: null, averageSurfaceDistance: null };
  const total = mean(there) * there.length + mean(back) * back.length;
  return {
    hausdorff95: Math.max(quantile(there, 0.95), quantile(back, 0.95)),
    averageSurfaceDistance: total / (there.length + back.length),
  };
}

function crop({ width, data }: Mask, box: Box): Uint8Array {
  const part = new Uint8Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const row = (box.y + y) * width + box.x;
    part.set(data.subarray(row, row + box.width), y * box.width);
  }
  return part;
}

/** The pixels of the set with a side on the background; everything beyond the border is background. */
function outline(set: Uint8Array, width: number, height: number): Uint8Array {
  const edge = new Uint8Array(set.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (set[at] === 0) continue;
      const inside = x > 0 && x < width - 1 && y > 0 && y < height - 1 &&
        set[at - 1] !== 0 && set[at + 1] !== 0 && set[at - width] !== 0 && set[at + width] !== 0;
      if (!inside) edge[at] = 1;
    }
  }
  return edge;
}

/** The distances from each pixel of `from` to the nearest pixel of `to`, ascending. */
function outlineDistances(from: Uint8Array, to: Uint8Array, box: Box, spacing: Spacing): Float64Array {
  const squares = squaredDistances(to, box.width, box.height, spacing);
  return squares.filter((_, i) => from[i] !== 0).map(Math.sqrt).sort();
}
