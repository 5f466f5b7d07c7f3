/**
 * Numbers of a report: shown with few digits, and whole in the attribute `value`, by which tables are sorted.
 * This module is browser compatible.
 *
 * @module
 */
import { type Html, markup } from "./html.ts";

/** Digits of shares, and of distances. */
export const DIGITS = { share: 4, distance: 2 } as const;

/** A number with this many digits, or a dash. */
export function number(value: number | null, digits: number): Html {
  if (value === null) return markup`<span class="none" title="undefined">–</span>`;
  return markup`<data value="${value}">${value.toFixed(digits)}</data>`;
}

/** A count, or a dash. */
export function count(value: number | null): Html {
  if (value === null) return markup`<span class="none" title="undefined">–</span>`;
  return markup`<data value="${value}">${value.toLocaleString("en-US")}</data>`;
}

/** A count with its noun. */
export function counted(value: number, noun: string): Html {
  return markup`${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** An interval, or nothing. */
export function interval([low, high]: readonly [number | null, number | null], digits: number): Html | null {
  return low === null || high === null ? null : markup`${number(low, digits)} to ${number(high, digits)}`;
}

/** A time as `2026-01-31 12:00 UTC`; empty if it is none. */
export function moment(time: Date): string {
  return Number.isNaN(time.getTime()) ? "" : `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
