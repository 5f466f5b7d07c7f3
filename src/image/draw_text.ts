/**
 * Text on images, drawn by ImageMagick.
 *
 * @module
 */
import { Drawables, type IMagickImage, MagickColor, TextAlignment } from "@imagemagick/magick-wasm";
import { escapeControls } from "../escape.ts";
import { type Color, crop, paste } from "./draw.ts";
import { FONT_NAME, startFont } from "./font/font.ts";
import type { RgbImage } from "./image.ts";
import { pixelsOf, withMagickImage } from "./magick.ts";

const TEXT_COLOR: Color = [32, 32, 32];

/** A line of text with its baseline at `y`, at most `width` pixels wide. */
export interface TextLine {
  /** The text; cut with an ellipsis if it does not fit. */
  text: string;
  /** Its center, or its left end. */
  x: number;
  /** Its baseline. */
  y: number;
  /** The font's size in pixels. */
  size: number;
  /** Pixels that it may take. */
  width: number;
  /** Defaults to dark gray. */
  color?: Color;
  /** Whether `x` is the center or the left end; defaults to `center`. */
  align?: "center" | "left";
  /** Whether a text that does not fit loses its middle rather than its end: names often differ at the end. */
  keepEnd?: boolean;
}

/** Draws lines of text over an image, which is modified. */
export async function drawText(canvas: RgbImage, lines: readonly TextLine[]): Promise<RgbImage> {
  if (lines.length === 0) return canvas;
  await startFont();
  for (const line of lines) {
    const text = shorten(escapeControls(line.text).replace(/\s+/g, " ").trim(), line);
    if (text !== "") drawLine(canvas, line, text);
  }
  return canvas;
}

/** ImageMagick gets no more of the image than the line needs: its memory never shrinks. */
function drawLine(
  canvas: RgbImage,
  { x, y, size, width, align, color = TEXT_COLOR }: TextLine,
  text: string,
): void {
  const left = Math.max(0, Math.floor(x - (align === "left" ? 0 : width / 2) - size));
  const top = Math.max(0, Math.floor(y - 1.5 * size));
  const right = Math.min(canvas.width, Math.ceil(left + width + 2 * size + 1));
  const bottom = Math.min(canvas.height, Math.ceil(y + size));
  if (left >= right || top >= bottom) return;
  const part = crop(canvas, { x: left, y: top, width: right - left, height: bottom - top });
  const drawn = withMagickImage(part, (image) => {
    new Drawables()
      .font(FONT_NAME)
      .textAlignment(align === "left" ? TextAlignment.Left : TextAlignment.Center)
      .fillColor(new MagickColor(...color))
      .fontPointSize(size)
      .text(x - left, y - top, text)
      .draw(image as IMagickImage);
    return pixelsOf(image);
  });
  paste(canvas, drawn, left, top);
}

/** The text, or as much of it as fits into `width` with an ellipsis. */
function shorten(text: string, { size, width, keepEnd = false }: TextLine): string {
  const fits = (part: string) => {
    const metrics = new Drawables().font(FONT_NAME).fontPointSize(size).fontTypeMetrics(
      part,
      true,
    );
    return metrics === null || metrics.textWidth <= width;
  };
  if (fits(text)) return text;
  const letters = [...text];
  const cut = (count: number) => {
    const end = keepEnd ? Math.floor(count / 2) : 0;
    const first = letters.slice(0, count - end).join("").trimEnd();
    return `${first}…${letters.slice(letters.length - end).join("").trimStart()}`;
  };
  let low = 0;
  let high = letters.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(cut(middle))) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
