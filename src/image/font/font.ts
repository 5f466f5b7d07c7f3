/**
 * The one font of every figure: DejaVu Sans with Latin-1, dashes, quotes, arrows and comparison signs.
 *
 * This module is browser compatible.
 *
 * @module
 */
import dejavuSans from "./dejavu_sans.base64" with { type: "text" };
import { type Coverage, coverageOf } from "./coverage.ts";
import { TrueTypeFont } from "./true_type.ts";

const font = new TrueTypeFont(Uint8Array.fromBase64(dejavuSans.replace(/\s+/g, "")));

/** The width of a text at a font size, both in pixels. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const glyph of glyphsOf(text)) width += font.advance(glyph);
  return width * size / font.unitsPerEm;
}

/** The pixels of a text whose baseline begins at a place, glyph by glyph. */
export function* textCoverage(text: string, x: number, y: number, size: number): Generator<Coverage> {
  const scale = size / font.unitsPerEm;
  for (const glyph of glyphsOf(text)) {
    const coverage = coverageOf(font.outline(glyph), { x, y, scale });
    if (coverage !== null) yield coverage;
    x += scale * font.advance(glyph);
  }
}

function* glyphsOf(text: string): Generator<number> {
  for (const letter of text) yield font.glyphOf(letter.codePointAt(0)!);
}
