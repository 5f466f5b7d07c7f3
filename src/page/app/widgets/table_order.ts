/**
 * The order of a table's rows. This module is browser compatible.
 *
 * @module
 */

/** A value that rows are ordered by; null and NaN, what is not known, come last in both directions. */
export type SortValue = number | string | null | undefined;

/** A column and its direction. */
export interface Sort {
  /** The column's key. */
  readonly column: string;
  /** Whether the largest comes first. */
  readonly descending: boolean;
}

// Names with numbers in them are ordered by these: image 9 before image 10.
const collator = new Intl.Collator("en", { numeric: true });

function isUnknown(value: SortValue): value is null | undefined {
  return value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));
}

/** Rows in the order of a value; those with the same stay in their order. */
export function sortedBy<Row>(
  rows: readonly Row[],
  value: (row: Row) => SortValue,
  descending: boolean,
): Row[] {
  const keyed = rows.map((row, index) => ({ row, index, value: value(row) }));
  keyed.sort((a, b) => {
    const [first, second] = [isUnknown(a.value), isUnknown(b.value)];
    if (first || second) return Number(first) - Number(second) || a.index - b.index;
    const order = typeof a.value === "number" && typeof b.value === "number"
      ? a.value - b.value
      : collator.compare(`${a.value}`, `${b.value}`);
    return (descending ? -order : order) || a.index - b.index;
  });
  return keyed.map(({ row }) => row);
}

/** The rows that a scrolled table shows, with some before and after. */
export function rowsInView(
  { scrollTop, height, rowHeight, count, spare }: {
    readonly scrollTop: number;
    readonly height: number;
    readonly rowHeight: number;
    readonly count: number;
    readonly spare: number;
  },
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return { first: Math.min(first, count), end: Math.max(end, Math.min(first, count)) };
}

/** Where a key leads from a row; null for keys that do not move. */
export function movedRow(key: string, active: number, count: number, page: number): number | null {
  const to = ({
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: count - 1,
  } as Record<string, number>)[key];
  return to === undefined || count === 0 ? null : Math.min(Math.max(to, 0), count - 1);
}
