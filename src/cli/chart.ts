/**
 * Curves as lines of text.
 *
 * @module
 */

const BLOCKS = "▁▂▃▄▅▆▇█";

/** A curve and its name. */
export interface Curve {
  /** Precedes the line. */
  readonly name: string;
  /** Its values; those that are not finite leave gaps. */
  readonly values: readonly number[];
}

/**
 * Draws each curve as a line of blocks between its name and its last value, all at the same scale: from the least to
 * the largest value, or over `range`.
 *
 * @param width characters of a line; if there are more values than fit, neighbors are averaged
 */
export function drawCurves(
  curves: readonly Curve[],
  width: number,
  range?: readonly [least: number, largest: number],
): string[] {
  const finite = range ?? curves.flatMap(({ values }) => values.filter(Number.isFinite));
  const min = Math.min(...finite);
  const max = Math.max(...finite);
  const nameWidth = Math.max(...curves.map(({ name }) => name.length));
  const numberWidth = 7;
  const room = Math.max(1, width - nameWidth - numberWidth - 2);
  return curves.map(({ name, values }) => {
    const blocks = condense(values, room).map((value) => {
      if (!Number.isFinite(value)) return " ";
      const height = max > min ? (value - min) / (max - min) : 0;
      return BLOCKS[Math.round(height * (BLOCKS.length - 1))]!;
    });
    const last = values.at(-1);
    const number = last !== undefined && Number.isFinite(last) ? last.toFixed(4) : "";
    return `${name.padEnd(nameWidth)} ${blocks.join("")} ${number}`.trimEnd();
  });
}

/** At most `count` values, by averaging neighbors. */
function condense(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, index) => {
    const first = Math.floor(index * values.length / count);
    const end = Math.floor((index + 1) * values.length / count);
    const part = values.slice(first, end).filter(Number.isFinite);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
