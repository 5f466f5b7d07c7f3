/**
 * Legends: a swatch of color and a name per entry, in rows of columns.
 *
 * @module
 */
import type { Color } from "./draw.ts";
import type { TextLine } from "./draw_text.ts";
import type { RgbImage } from "./image.ts";

/** One entry. */
export interface LegendEntry {
  /** The name; its middle is cut if it does not fit. */
  readonly name: string;
  /** The color; null for none, such as of `and 12 more`. */
  readonly color: Color | null;
}

/** Where a legend is drawn. */
export interface LegendPlace {
  /** Its first column. */
  readonly x: number;
  /** Its first row. */
  readonly y: number;
  /** Columns that it may take. */
  readonly width: number;
  /** The font's size in pixels. */
  readonly size: number;
}

/** Entries that are drawn; the rest is counted. */
const MOST_ENTRIES = 30;

/** The height of a legend in pixels; 0 without entries. */
export function legendHeight(entries: readonly LegendEntry[], place: Omit<LegendPlace, "x" | "y">): number {
  const { columns, rowHeight } = layOut(entries, place);
  return Math.ceil(Math.min(entries.length, MOST_ENTRIES) / columns) * rowHeight;
}

/** Draws the swatches; returns the text. */
export function drawLegend(
  canvas: RgbImage,
  entries: readonly LegendEntry[],
  place: LegendPlace,
): TextLine[] {
  const { columns, columnWidth, rowHeight, swatch } = layOut(entries, place);
  const more = entries.length - MOST_ENTRIES + 1;
  const shown = entries.length <= MOST_ENTRIES
    ? entries
    : [...entries.slice(0, MOST_ENTRIES - 1), { name: `and ${more} more`, color: null }];
  return shown.map(({ name, color }, index) => {
    const x = place.x + (index % columns) * columnWidth;
    const y = place.y + Math.floor(index / columns) * rowHeight;
    if (color !== null) fill(canvas, x, y + Math.round((rowHeight - swatch) / 2), swatch, color);
    const left = color === null ? x : x + swatch + Math.round(swatch / 2);
    return {
      text: name,
      x: left,
      y: y + Math.round(rowHeight / 2 + 0.36 * place.size),
      size: place.size,
      width: x + columnWidth - left - swatch,
      align: "left",
      keepEnd: true,
    };
  });
}

/** Rows of whole names before long ones are cut to make room for more columns. */
const MOST_ROWS = 5;

/** As many columns as fit the longest name, 0.65 of the font's size per letter; many entries have at least three. */
function layOut(entries: readonly LegendEntry[], { width, size }: Omit<LegendPlace, "x" | "y">) {
  const longest = entries.reduce((most, { name }) => Math.max(most, [...name].length), 1);
  const swatch = Math.round(size);
  const whole = Math.min(width, Math.max(0.65 * size * longest + 3 * swatch, 8 * size));
  const columnsOf = (column: number) => Math.max(1, Math.min(entries.length, Math.floor(width / column)));
  const fits = Math.ceil(entries.length / columnsOf(whole)) <= MOST_ROWS;
  const wanted = fits ? whole : Math.min(whole, Math.max(width / 3, 12 * size));
  return {
    columns: columnsOf(wanted),
    columnWidth: Math.floor(wanted),
    rowHeight: Math.round(1.6 * size),
    swatch,
  };
}

function fill({ width, height, data }: RgbImage, x0: number, y0: number, side: number, color: Color): void {
  for (let y = Math.max(0, y0); y < Math.min(height, y0 + side); y++) {
    for (let x = Math.max(0, x0); x < Math.min(width, x0 + side); x++) data.set(color, 3 * (y * width + x));
  }
}
