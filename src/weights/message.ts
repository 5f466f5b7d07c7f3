/**
 * Values from a file, made fit for an error message: names can be long and contain line breaks.
 * This module is browser compatible.
 *
 * @module
 */

/** A name in quotes, escaped, and truncated if it is long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}

/** A shape as `[64, 3, 3, 3]`, or the kind of value found in its place. */
export function showShape(value: unknown): string {
  if (value === undefined) return "(none)";
  if (!Array.isArray(value)) return typeof value === "string" ? quote(value) : typeof value;
  const shown = value.slice(0, 8).map((extent) =>
    typeof extent === "number" ? String(extent) : typeof extent === "string" ? quote(extent) : typeof extent
  );
  return `[${shown.join(", ")}${value.length > 8 ? `, ... (${value.length} axes)` : ""}]`;
}
