/**
 * Series with x values of their own, brought to common ones. This module is browser compatible.
 *
 * @module
 */

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** x and y; y is null where not defined. In ascending order of x. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

/** The lines' common x values, and their values there: undefined where a line has no point. */
export function alignLines(
  lines: readonly Line[],
): { readonly x: number[]; readonly values: (number | null | undefined)[][] } {
  const x = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const values = lines.map(({ points }) => {
    const known = new Map(points);
    return x.map((at) => known.get(at));
  });
  return { x, values };
}
