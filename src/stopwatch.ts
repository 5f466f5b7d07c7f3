/**
 * Seconds between the parts of some work.
 * This module is browser compatible.
 *
 * @module
 */

/** Returns the seconds since it was made or called last. */
export function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
