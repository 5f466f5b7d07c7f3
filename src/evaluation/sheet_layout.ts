/**
 * How large the panels of an evaluation's figures are: as large as the images, as long as the figure can be decoded.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { captionSize } from "../image/draw_figure.ts";
import { MAX_PIXELS, MAX_SIDE } from "../image/limits.ts";
import { panelSize } from "../prediction/figure.ts";

/** Columns and panels of a figure. */
export interface SheetLayout {
  /** Panels per row. */
  readonly columns: number;
  /** The size of a panel. */
  readonly cell: Size;
  /** The largest size of captions. */
  readonly mostCaption: number;
}

/** Panels per row. */
const COLUMNS = 8;

/** The most rows before rows get twice as many panels. */
const MAX_ROWS = 25;

/** Legible when a figure of eight panels per row is displayed on a screen. */
const MOST_CAPTION = 40;

/**
 * The layout of `panels` panels of images of these sizes. A panel has the size of the largest image, at least 256 and at
 * most 1024 pixels on its longer side, or less if the figure could not be decoded otherwise. Its legend has `entries`.
 */
export function sheetLayout(sizes: readonly Size[], panels: number, entries = 0): SheetLayout {
  const columns = panels > MAX_ROWS * COLUMNS ? 2 * COLUMNS : COLUMNS;
  const used = Math.min(columns, panels);
  const rows = Math.ceil(panels / columns);
  const wanted = sizes.map(panelSize);
  const width = Math.max(...wanted.map((size) => size.width));
  const height = Math.max(...wanted.map((size) => size.height));
  // A legend has two columns at least.
  const lines = Math.ceil(entries / 2) * 1.6 + 1;
  const cellOf = (side: number): Size => ({
    width: side,
    height: Math.max(1, Math.round(side * height / width)),
  });
  const fits = (cell: Size) => {
    const margin = captionSize(cell.width, MOST_CAPTION);
    const across = margin + used * (cell.width + margin);
    const titles = 1.75 * Math.max(14, cell.width / 12) + lines * margin + 30;
    const down = margin + titles + rows * (cell.height + 2.25 * margin + 1);
    return across <= MAX_SIDE && down <= MAX_SIDE && across * down <= MAX_PIXELS;
  };
  let side = width;
  while (!fits(cellOf(side))) side--;
  return { columns, cell: cellOf(side), mostCaption: MOST_CAPTION };
}
