/**
 * The error for work that exceeds a device.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Thrown if work exceeds a limit or the memory of a device: a smaller batch may fit. */
export class CapacityError extends RangeError {}
