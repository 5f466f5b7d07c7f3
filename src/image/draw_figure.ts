/**
 * Figures: panels in a grid with a title and captions.
 *
 * @module
 */
import { type Color, paste, scaleToFit } from "./draw.ts";
import { drawLegend, type LegendEntry, legendHeight } from "./draw_legend.ts";
import { drawText, type TextLine } from "./draw_text.ts";
import type { RgbImage, Size } from "./image.ts";

/** One image of a figure. */
export interface Panel {
  /** The image; it is scaled to fit its cell. */
  image: RgbImage;
  /** One line below the image; cut with an ellipsis if it does not fit. */
  caption?: string;
  /** A second, smaller line below the caption. */
  note?: string;
}

/** The layout of {@linkcode drawFigure}. */
export interface FigureOptions {
  /** One line above all panels. */
  title?: string;
  /** One smaller line below the title. */
  subtitle?: string;
  /** Colors and their meaning, below the title. */
  legend?: readonly LegendEntry[];
  /** Whether text is centered or begins at the left; then captions that do not fit keep their end. Centered by default. */
  align?: "center" | "left";
  /** The largest size of captions in pixels; figures of many panels are displayed small. Defaults to 22. */
  mostCaption?: number;
  /** Panels per row; defaults to all of them. */
  columns?: number;
  /** The least columns that there is room for, so that titles fit above few panels; defaults to 1. */
  leastColumns?: number;
  /** Size of a panel's cell in pixels; defaults to that of the first image. */
  cell?: Size;
}

const WHITE = 255;

/** The largest captions unless others are given, in pixels. */
const MOST_CAPTION = 22;

/** The color of notes and subtitles. */
const GRAY: Color = [96, 96, 96];

/**
 * Draws panels row by row on white, with optional titles, legend and captions. Throws a RangeError for no panels, or
 * `columns` that is not an integer >= 1.
 */
export async function drawFigure(
  panels: readonly Panel[],
  options: FigureOptions = {},
): Promise<RgbImage> {
  const [first] = panels;
  if (first === undefined) throw new RangeError("Cannot draw a figure without panels");
  const columns = options.columns ?? panels.length;
  if (!Number.isSafeInteger(columns) || columns < 1) {
    throw new RangeError(`Cannot draw a figure of ${columns} columns: expected an integer >= 1`);
  }
  const cell = options.cell ?? { width: first.image.width, height: first.image.height };
  const layout = layOut(panels, columns, cell, options);
  const canvas: RgbImage = {
    ...layout.size,
    data: new Uint8Array(layout.size.width * layout.size.height * 3).fill(WHITE),
  };
  const { align = "center" } = options;
  const lines: TextLine[] = [];
  const write = (
    text: string,
    left: number,
    y: number,
    width: number,
    size: number,
    more: Partial<TextLine> = {},
  ) =>
    lines.push({
      text,
      x: align === "center" ? left + width / 2 : left,
      y,
      size,
      width,
      align,
      ...more,
    });
  const inner = canvas.width - 2 * layout.margin;
  if (options.title !== undefined) {
    write(options.title, layout.margin, layout.margin + layout.titleSize, inner, layout.titleSize);
  }
  if (options.subtitle !== undefined) {
    const y = layout.subtitleTop + layout.captionSize;
    write(options.subtitle, layout.margin, y, inner, layout.captionSize, { color: GRAY });
  }
  if (options.legend !== undefined) {
    const place = { x: layout.margin, y: layout.legendTop, width: inner, size: layout.captionSize };
    lines.push(...drawLegend(canvas, options.legend, place));
  }
  panels.forEach(({ image, caption, note }, index) => {
    const x = layout.margin + (index % columns) * (cell.width + layout.margin);
    const y = layout.top + Math.floor(index / columns) * layout.rowHeight;
    const fitted = scaleToFit(image, cell);
    paste(
      canvas,
      fitted,
      x + Math.floor((cell.width - fitted.width) / 2),
      y + Math.floor((cell.height - fitted.height) / 2),
    );
    const below = y + cell.height + Math.round(1.25 * layout.captionSize);
    if (caption !== undefined) {
      write(caption, x, below, cell.width, layout.captionSize, { keepEnd: align === "left" });
    }
    if (note !== undefined) {
      write(note, x, below + layout.noteHeight, cell.width, layout.noteSize, { color: GRAY });
    }
  });
  return await drawText(canvas, lines);
}

/** Positions and sizes in a figure, in pixels. */
interface Layout {
  size: Size;
  margin: number;
  /** First row of the subtitle. */
  subtitleTop: number;
  /** First row of the legend. */
  legendTop: number;
  /** First row of the first panel. */
  top: number;
  /** From one row of panels to the next. */
  rowHeight: number;
  titleSize: number;
  captionSize: number;
  noteSize: number;
  /** From a caption's baseline to its note's. */
  noteHeight: number;
}

/** The size of captions below panels of a width, and the margin between panels, in pixels; at most `most`. */
export function captionSize(width: number, most = MOST_CAPTION): number {
  return Math.min(most, Math.max(11, Math.round(width / 18)));
}

function layOut(
  panels: readonly Panel[],
  columns: number,
  cell: Size,
  { title, subtitle, legend = [], mostCaption = MOST_CAPTION, leastColumns = 1 }: FigureOptions,
): Layout {
  const rows = Math.ceil(panels.length / columns);
  const caption = captionSize(cell.width, mostCaption);
  const titleSize = Math.min(
    Math.round(32 * mostCaption / MOST_CAPTION),
    Math.max(14, Math.round(cell.width / 12)),
  );
  const margin = caption;
  const hasCaptions = panels.some(({ caption }) => caption !== undefined);
  const hasNotes = panels.some(({ note }) => note !== undefined);
  const noteSize = Math.max(10, Math.round(0.8 * caption));
  const noteHeight = Math.round(1.3 * noteSize);
  const rowHeight = cell.height + margin + (hasCaptions ? Math.round(1.25 * caption) : 0) +
    (hasNotes ? noteHeight : 0);
  const used = Math.min(columns, Math.max(panels.length, leastColumns));
  const width = margin + used * (cell.width + margin);
  const subtitleTop = margin + (title !== undefined ? Math.round(1.75 * titleSize) : 0);
  const legendTop = subtitleTop + (subtitle !== undefined ? Math.round(1.75 * caption) : 0);
  const legendSize = { width: width - 2 * margin, size: caption };
  const top = legendTop +
    (legend.length > 0 ? legendHeight(legend, legendSize) + Math.round(caption / 2) : 0);
  return {
    size: { width, height: top + rows * rowHeight },
    margin,
    subtitleTop,
    legendTop,
    top,
    rowHeight,
    titleSize,
    captionSize: caption,
    noteSize,
    noteHeight,
  };
}
