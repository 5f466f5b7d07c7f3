/**
 * The WGSL part of each loss that `definition.ts` describes: its term per pixel, its value and its gradient.
 * This module is browser compatible.
 *
 * @module
 */
import combined from "./combined.wgsl" with { type: "text" };
import type { LossName } from "./definition.ts";
import focal from "./focal.wgsl" with { type: "text" };
import tversky from "./tversky.wgsl" with { type: "text" };

/** The part of each loss by name; `NAME.wgsl` is its file. */
export const LOSS_PARTS: Readonly<Record<LossName, string>> = { combined, focal, tversky };
