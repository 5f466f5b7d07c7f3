/**
 * Figures: panels in a grid with a title and captions, and masks laid over images.
 *
 * @module
 */
import { Drawables, type IMagickImage, MagickColor, TextAlignment } from "@imagemagick/magick-wasm";
import { assertImage, type GrayImage, type RgbImage, type Size } from "./image.ts";
import { FONT_NAME, startFont } from "./font/font.ts";
import { pixelsOf, withMagickImage } from "./magick.ts";
import type { Mask } from "./mask.ts";
import { resizeImage } from "./resize.ts";

/** Red, green and blue, 0 to 255 each. */
export type Color = readonly [red: number, green: number, blue: number];

/** One image of a figure. */
export interface Panel {
  /** The image; it is scaled to fit its cell. */
  image: RgbImage;
  /** One line beneath it; what does not fit is cut, with an ellipsis. */
  caption?: string;
}

/** How {@linkcode drawFigure} lays its panels out. */
export interface FigureOptions {
  /** A line above all panels. */
  title?: string;
  /** Panels in a row; all of them unless given. */
  columns?: number;
  /** Size of a panel's cell in pixels; the first panel's own unless given. */
  cell?: Size;
}

/** How {@linkcode overlayMask} colours. */
export interface OverlayOptions {
  /** Colour of the mask's pixels; red unless given. */
  color?: Color;
  /** How much of the colour covers the image inside of the mask, 0 to 1; 0.4 unless given. */
  opacity?: number;
  /** Draws the mask's border pixels in full colour; true unless given. */
  outline?: boolean;
}

const BACKGROUND = 255;
const TEXT_COLOR = new Uint8Array([32, 32, 32]);
const RED: Color = [255, 48, 48];

/**
 * Draws panels row by row on white, with an optional title and captions. Returns the whole figure.
 *
 * Throws a RangeError for no panels, or `columns` that is no positive whole number.
 */
export async function drawFigure(
  panels: readonly Panel[],
  options: FigureOptions = {},
): Promise<RgbImage> {
  const [first] = panels;
  if (first === undefined) throw new RangeError("Cannot draw a figure of no panels");
  const columns = options.columns ?? panels.length;
  if (!Number.isSafeInteger(columns) || columns < 1) {
    throw new RangeError(`Cannot draw a figure of ${columns} columns`);
  }
  const cell = options.cell ?? { width: first.image.width, height: first.image.height };
  const layout = layOut(panels, columns, cell, options.title !== undefined);
  const canvas: RgbImage = {
    ...layout.size,
    data: new Uint8Array(layout.size.width * layout.size.height * 3).fill(BACKGROUND),
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

/**
 * Lays a mask over an image of the same size: its pixels are tinted, its border drawn in full colour.
 *
 * Throws a TypeError where the sizes differ.
 */
export function overlayMask(image: RgbImage, mask: Mask, options: OverlayOptions = {}): RgbImage {
  assertImage(image, 3, "lay a mask over an image");
  assertImage(mask, 1, "lay a mask over an image");
  if (image.width !== mask.width || image.height !== mask.height) {
    throw new TypeError(
      `Cannot lay a mask of ${mask.width} x ${mask.height} over an image of ${image.width} x ${image.height}`,
    );
  }
  const { color = RED, opacity = 0.4, outline = true } = options;
  const data = image.data.slice();
  // Wide enough to be seen when a large image is shown small.
  const reach = Math.max(1, Math.round(Math.max(image.width, image.height) / 256));
  for (let y = 0, i = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, i++) {
      if (mask.data[i] === 0) continue;
      const share = outline && isBorder(mask, x, y, reach) ? 1 : opacity;
      for (let c = 0; c < 3; c++) {
        const at = 3 * i + c;
        data[at] = Math.round((1 - share) * (data[at] as number) + share * (color[c] as number));
      }
    }
  }
  return { width: image.width, height: image.height, data };
}

/** A mask as an image: 0 black, 1 white. */
export function maskToRgb(mask: Mask): RgbImage {
  return grayToRgb({ ...mask, data: mask.data.map((value) => value === 0 ? 0 : 255) });
}

/** A grey image in three equal channels. */
export function grayToRgb(image: GrayImage): RgbImage {
  assertImage(image, 1, "turn a grey image into RGB");
  const data = new Uint8Array(image.data.length * 3);
  for (let i = 0; i < image.data.length; i++) data.fill(image.data[i] as number, 3 * i, 3 * i + 3);
  return { width: image.width, height: image.height, data };
}

/** Whether `reach` pixels above, below or beside a pixel of the mask, or sooner, the mask or the image ends. */
function isBorder({ width, height, data }: Mask, x: number, y: number, reach: number): boolean {
  if (x < reach || y < reach || x >= width - reach || y >= height - reach) return true;
  const i = y * width + x;
  for (let step = 1; step <= reach; step++) {
    if (data[i - step] === 0 || data[i + step] === 0) return true;
    if (data[i - step * width] === 0 || data[i + step * width] === 0) return true;
  }
  return false;
}

/** Where everything of a figure goes, in pixels. */
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
  const captionSize = Math.max(11, Math.round(cell.width / 18));
  const titleSize = Math.max(14, Math.round(cell.width / 12));
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

/** Scales an image, keeping its proportions, to the largest that fits `cell`. */
export function scaleToFit(image: RgbImage, cell: Size): RgbImage {
  const factor = Math.min(cell.width / image.width, cell.height / image.height);
  const width = Math.max(1, Math.round(image.width * factor));
  const height = Math.max(1, Math.round(image.height * factor));
  if (width === image.width && height === image.height) return image;
  const values = resizeImage(image, { width, height }).data;
  const plane = width * height;
  const data = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(255 * (values[c * plane + i] as number));
  }
  return { width, height, data };
}

function paste(canvas: RgbImage, image: RgbImage, left: number, top: number): void {
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    canvas.data.set(row, ((top + y) * canvas.width + left) * 3);
  }
}

/** A line of text, centred on `x`, its baseline at `y`, at most `width` pixels wide. */
interface TextLine {
  text: string;
  x: number;
  y: number;
  size: number;
  width: number;
}

async function drawText(canvas: RgbImage, lines: readonly TextLine[]): Promise<RgbImage> {
  if (lines.length === 0) return canvas;
  await startFont();
  const [red = 0, green = 0, blue = 0] = TEXT_COLOR;
  return withMagickImage(canvas, (image) => {
    const drawables = new Drawables()
      .font(FONT_NAME)
      .fillColor(new MagickColor(red, green, blue))
      .textAlignment(TextAlignment.Center);
    for (const line of lines) {
      const text = shorten(line.text.replace(/\s+/g, " ").trim(), line.size, line.width);
      if (text !== "") drawables.fontPointSize(line.size).text(line.x, line.y, text);
    }
    drawables.draw(image as IMagickImage);
    return pixelsOf(image);
  });
}

/** The text, or as much of it as fits `width` with an ellipsis. */
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
