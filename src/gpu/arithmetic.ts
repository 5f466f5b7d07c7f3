/**
 * Which arithmetic kernels may use.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** All kinds of arithmetic; the first is the default. */
export const ARITHMETIC = ["fast", "strict"] as const;

/** `fast`, or `strict`: only arithmetic as accurate as plain float32 sums. */
export type Arithmetic = typeof ARITHMETIC[number];

/** The arithmetic unless another is asked for. */
export const DEFAULT_ARITHMETIC: Arithmetic = ARITHMETIC[0];
