/**
 * How Winograd's tiles are split so that transformed tensors stay in the caches.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { splitTiles, type Tiling } from "../../../kernels/conv2d/winograd.ts";
import type { PlanTarget } from "../plan_target.ts";

/** Splits a chunk's tiles into runs whose transformed tensors of `channels` channels stay within the workspace. */
export function tileRuns({ workspace, maxBinding }: PlanTarget, tiling: Tiling, channels: number): Tiling[] {
  return splitTiles(tiling, Math.min(workspace, maxBinding) / (tiling.positions * channels * 4));
}
