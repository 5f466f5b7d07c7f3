/**
 * Text on images.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import type { Color } from "./draw.ts";
import type { Coverage } from "./font/coverage.ts";
import type { RgbImage } from "./image.ts";

/** Loaded with the first text. */
type Font = typeof import("./font/font.ts");

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
  const font = await import("./font/font.ts");
  for (const line of lines) {
    const text = shorten(escapeControls(line.text).replace(/\s+/g, " ").trim(), line, font);
    if (text !== "") drawLine(canvas, line, text, font);
  }
  return canvas;
}

function drawLine(
  canvas: RgbImage,
  { x, y, size, align, color = TEXT_COLOR }: TextLine,
  text: string,
  { textCoverage, textWidth }: Font,
): void {
  const start = align === "left" ? x : x - textWidth(text, size) / 2;
  for (const coverage of textCoverage(text, start, y, size)) blend(canvas, coverage, color);
}

/** Mixes a color in where a glyph covers pixels of the canvas. */
function blend({ width, height, data }: RgbImage, glyph: Coverage, color: Color): void {
  const left = Math.max(0, glyph.left);
  const right = Math.min(width, glyph.left + glyph.width);
  const bottom = Math.min(height, glyph.top + glyph.height);
  for (let y = Math.max(0, glyph.top); y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const share = glyph.data[(y - glyph.top) * glyph.width + x - glyph.left]!;
      if (share === 0) continue;
      const at = 3 * (y * width + x);
      for (let channel = 0; channel < 3; channel++) {
        const value = data[at + channel]!;
        data[at + channel] = Math.round(value + share * (color[channel]! - value));
      }
    }
  }
}

/** The text, or as much of it as fits into `width` with an ellipsis. */
function shorten(text: string, { size, width, keepEnd = false }: TextLine, { textWidth }: Font): string {
  const fits = (part: string) => textWidth(part, size) <= width;
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
