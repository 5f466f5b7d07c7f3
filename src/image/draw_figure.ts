/**
 * Figures: panels in a grid with a title and captions. Text is drawn by ImageMagick.
 *
 * @module
 */
import { Drawables, type IMagickImage, MagickColor, TextAlignment } from "@imagemagick/magick-wasm";
import { type Color, scaleToFit } from "./draw.ts";
import { FONT_NAME, startFont } from "./font/font.ts";
import type { RgbImage, Size } from "./image.ts";
import { pixelsOf, withMagickImage } from "./magick.ts";

/** One image of a figure. */
export interface Panel {
  /** The image; it is scaled to fit its cell. */
  image: RgbImage;
  /** One line below the image; cut with an ellipsis if it does not fit. */
  caption?: string;
}

/** The layout of {@linkcode drawFigure}. */
export interface FigureOptions {
  /** One line above all panels. */
  title?: string;
  /** Panels per row; defaults to all of them. */
  columns?: number;
  /** Size of a panel's cell in pixels; defaults to that of the first image. */
  cell?: Size;
}

const WHITE = 255;
const TEXT_COLOR: Color = [32, 32, 32];

/**
 * Draws panels row by row on white, with an optional title and captions. Throws a RangeError for no panels, or
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
  const layout = layOut(panels, columns, cell, options.title !== undefined);
  const canvas: RgbImage = {
    ...layout.size,
    data: new Uint8Array(layout.size.width * layout.size.height * 3).fill(WHITE),
  };
  const lines: TextLine[] = [];
  if (options.title !== undefined) {
    lines.push({
      text: options.title,
      x: canvas.width / 2,
      y: layout.margin + layout.titleSize,
      size: layout.titleSize,
      width: canvas.width - 2 * layout.margin,
    });
  }
  panels.forEach(({ image, caption }, index) => {
    const x = layout.margin + (index % columns) * (cell.width + layout.margin);
    const y = layout.top + Math.floor(index / columns) * layout.rowHeight;
    const fitted = scaleToFit(image, cell);
    paste(
      canvas,
      fitted,
      x + Math.floor((cell.width - fitted.width) / 2),
      y + Math.floor((cell.height - fitted.height) / 2),
    );
    if (caption !== undefined) {
      lines.push({
        text: caption,
        x: x + cell.width / 2,
        y: y + cell.height + Math.round(1.25 * layout.captionSize),
        size: layout.captionSize,
        width: cell.width,
      });
    }
  });
  return await drawText(canvas, lines);
}

/** Positions and sizes in a figure, in pixels. */
interface Layout {
  size: Size;
  margin: number;
  /** First row of the first panel. */
  top: number;
  /** From one row of panels to the next. */
  rowHeight: number;
  titleSize: number;
  captionSize: number;
}

function layOut(panels: readonly Panel[], columns: number, cell: Size, hasTitle: boolean): Layout {
  const rows = Math.ceil(panels.length / columns);
  const captionSize = Math.min(22, Math.max(11, Math.round(cell.width / 18)));
  const titleSize = Math.min(32, Math.max(14, Math.round(cell.width / 12)));
  const margin = captionSize;
  const hasCaptions = panels.some(({ caption }) => caption !== undefined);
  const rowHeight = cell.height + margin + (hasCaptions ? Math.round(1.25 * captionSize) : 0);
  const top = margin + (hasTitle ? Math.round(1.75 * titleSize) : 0);
  const used = Math.min(columns, panels.length);
  return {
    size: { width: margin + used * (cell.width + margin), height: top + rows * rowHeight },
    margin,
    top,
    rowHeight,
    titleSize,
    captionSize,
  };
}

function paste(canvas: RgbImage, image: RgbImage, left: number, top: number): void {
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    canvas.data.set(row, ((top + y) * canvas.width + left) * 3);
  }
}

/** A line of text, centered on `x`, its baseline at `y`, at most `width` pixels wide. */
export interface TextLine {
  /** The text; cut with an ellipsis if it does not fit. */
  text: string;
  /** Its center. */
  x: number;
  /** Its baseline. */
  y: number;
  /** The font's size in pixels. */
  size: number;
  /** Pixels that it may take. */
  width: number;
  /** Defaults to dark gray. */
  color?: Color;
}

/** Draws lines of text over an image, which may be modified. */
export async function drawText(canvas: RgbImage, lines: readonly TextLine[]): Promise<RgbImage> {
  if (lines.length === 0) return canvas;
  await startFont();
  return withMagickImage(canvas, (image) => {
    const drawables = new Drawables()
      .font(FONT_NAME)
      .textAlignment(TextAlignment.Center);
    for (const line of lines) {
      const text = shorten(line.text.replace(/\s+/g, " ").trim(), line.size, line.width);
      if (text === "") continue;
      const color = new MagickColor(...(line.color ?? TEXT_COLOR));
      drawables.fillColor(color).fontPointSize(line.size).text(line.x, line.y, text);
    }
    drawables.draw(image as IMagickImage);
    return pixelsOf(image);
  });
}

/** The text, or as much of it as fits into `width` with an ellipsis. */
function shorten(text: string, size: number, width: number): string {
  const fits = (part: string) => {
    const metrics = new Drawables().font(FONT_NAME).fontPointSize(size).fontTypeMetrics(
      part,
      true,
    );
    return metrics === null || metrics.textWidth <= width;
  };
  if (fits(text)) return text;
  const letters = [...text];
  let low = 0;
  let high = letters.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(letters.slice(0, middle).join("").trimEnd() + "…")) low = middle;
    else high = middle - 1;
  }
  return letters.slice(0, low).join("").trimEnd() + "…";
}
