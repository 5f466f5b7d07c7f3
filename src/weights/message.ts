/**
 * Values from a file, made fit for an error's message: a file's names can be long, and can hold line breaks.
 *
 * @module
 */

/** A name in quotes, escaped, and cut where it is long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}

/** A shape, or whatever stands in its place, as `[64, 3, 3, 3]`. */
export function showShape(value: unknown): string {
  if (value === undefined) return "(none)";
  if (!Array.isArray(value)) return typeof value === "string" ? quote(value) : typeof value;
  const shown = value.slice(0, 8).map((extent) =>
    typeof extent === "object" ? typeof extent : String(extent)
  );
  return `[${shown.join(", ")}${value.length > 8 ? ", ..." : ""}]`;
}
