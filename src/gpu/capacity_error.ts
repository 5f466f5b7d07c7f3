/**
 * What a device cannot hold.
 *
 * @module
 */

/** Thrown where work exceeds a limit or the memory of a device: a smaller batch may fit. */
export class CapacityError extends RangeError {}
