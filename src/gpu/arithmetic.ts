/**
 * Which arithmetic kernels may use.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** `fast`, or `strict`: only arithmetic as accurate as plain float32 sums. */
export type Arithmetic = "fast" | "strict";

/** The arithmetic unless another is asked for. */
export const DEFAULT_ARITHMETIC: Arithmetic = "fast";

/** All kinds of arithmetic, the default first. */
export const ARITHMETIC: readonly Arithmetic[] = [DEFAULT_ARITHMETIC, "strict"];
