/**
 * Alignment of what kernels bind.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Offsets of bindings are multiples of this, on every device. */
export const BINDING_ALIGNMENT = 256;

/** The next multiple of {@linkcode BINDING_ALIGNMENT}, at least one. */
export function alignBytes(byteLength: number): number {
  return Math.max(BINDING_ALIGNMENT, Math.ceil(byteLength / BINDING_ALIGNMENT) * BINDING_ALIGNMENT);
}
