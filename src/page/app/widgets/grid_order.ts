/**
 * Where the tiles of a grid are. This module is browser compatible.
 *
 * @module
 */

/** The tiles that a scrolled grid shows, with some rows before and after. */
export function tilesInView(
  { scrollTop, viewHeight, height, columns, count, spare }: {
    readonly scrollTop: number;
    readonly viewHeight: number;
    readonly height: number;
    readonly columns: number;
    readonly count: number;
    readonly spare: number;
  },
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.floor(scrollTop / height) - spare) * columns;
  const end = (Math.ceil((scrollTop + viewHeight) / height) + spare) * columns;
  return { first: Math.min(first, count), end: Math.min(end, count) };
}

/** Where a key leads from a tile, -1 for none; null for keys that do not move. */
export function movedTile(
  key: string,
  { index, count, columns, rows }: {
    readonly index: number;
    readonly count: number;
    readonly columns: number;
    readonly rows: number;
  },
): number | null {
  const step = ({
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: rows * columns,
    PageUp: -rows * columns,
    Home: -count,
    End: count,
  } as Record<string, number>)[key];
  if (step === undefined || count === 0) return null;
  if (index < 0) return key === "End" ? count - 1 : 0;
  const to = index + step;
  // At the edges the column stays, except for a last row that is shorter.
  if (to < 0) return key === "Home" || key === "ArrowLeft" ? 0 : index % columns;
  if (to < count) return to;
  const last = Math.floor((count - 1) / columns);
  const isBelow = Math.floor(index / columns) < last;
  return key === "End" || key === "ArrowRight" || isBelow ? count - 1 : index;
}
