/**
 * Numbers as people read them. This module is browser compatible.
 *
 * @module
 */

/** Bytes with a binary unit: `42.8 MiB`. */
export function formatBytes(byteLength: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = byteLength;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 05 s` or `2 h 07 min`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A share as a percentage with two digits: `97.93 %`. */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** An integer with its thousands grouped: `12,345`. The runtime's own formatting takes 15 ms to start. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A count with its noun: `1 image`, `3 images`; irregular nouns pass their plural. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}
