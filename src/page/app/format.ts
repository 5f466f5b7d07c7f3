/**
 * Values that may be unknown, as the page shows them. This module is browser compatible.
 *
 * @module
 */
import { formatBytes, formatSeconds } from "../../format.ts";

/** A value of a record; null and NaN where it is not known or not defined. */
export type MaybeNumber = number | null | undefined;

/** What stands for a value that is not known or not defined. */
export const UNKNOWN = "–";

/** Text of a known value, and {@linkcode UNKNOWN} for any other. */
function known(format: (value: number) => string): (value: MaybeNumber) => string {
  return (value) => typeof value === "number" && Number.isFinite(value) ? format(value) : UNKNOWN;
}

/** A metric, with four digits after the point. */
export const showMetric: (value: MaybeNumber) => string = known((value) => value.toFixed(4));

/** A number with up to four significant digits, small and large ones with an exponent: `1e-4`, `0.25`, `1200`. */
export const showNumber: (value: MaybeNumber) => string = known((value) => {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
  }
  return `${Number(value.toPrecision(size < 1000 ? 4 : 7))}`;
});

/** A whole number. */
export const showCount: (value: MaybeNumber) => string = known((value) =>
  Math.round(value).toLocaleString("en-US")
);

/** A duration. */
export const showSeconds: (value: MaybeNumber) => string = known(formatSeconds);

/** A size in memory. */
export const showBytes: (value: MaybeNumber) => string = known(formatBytes);
