/**
 * How Winograd's tiles and rows of weights are split so that transformed tensors stay in the caches.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { splitTiles, type Tiling } from "../../../kernels/conv2d/winograd.ts";
import { rowsThatFit } from "../../../kernels/gemm/gemm.ts";
import type { Builder } from "../builder.ts";
import type { PlanTarget } from "../plan_target.ts";

/** Splits a chunk's tiles into runs whose transformed tensors of `channels` channels stay within the workspace. */
export function tileRuns({ workspace, maxBinding }: PlanTarget, tiling: Tiling, channels: number): Tiling[] {
  return splitTiles(tiling, Math.min(workspace, maxBinding) / (tiling.positions * channels * 4));
}

/** Rows that a block of transformed weights has at least, or a multiple of that: whole tiles of a product. */
const LEAST_ROWS = 64;

/** The share of the workspace that a micro-batch takes for weights: it is to save memory, which smaller blocks do. */
const MICRO_BATCH_SHARE = 1 / 3;

/**
 * Rows of a block of transformed weights, or of the sums that become their gradient, that stay within the workspace; 0
 * if not even 16 rows fit a binding. Blocks of 8 MiB instead of 24 save a twentieth of the memory of 8
 * filters, 128 px, batch 8, and cost 1 % of the time there, 4 % at 32 filters, 256 px, batch 1.
 */
export function blockRows({ target, partOf }: Builder, rowBytes: number): number {
  const { workspace, maxBinding } = target;
  const share = partOf === undefined ? 1 : MICRO_BATCH_SHARE;
  const rows = rowsThatFit(
    Math.min(maxBinding, Math.max(share * workspace, LEAST_ROWS * rowBytes)),
    rowBytes,
  );
  return rows < LEAST_ROWS ? rows : rows - rows % LEAST_ROWS;
}
