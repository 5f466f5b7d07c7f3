/**
 * The one font of every figure: DejaVu Sans with Latin-1, dashes, quotes, arrows and comparison signs.
 *
 * @module
 */
import dejavuSans from "./dejavu_sans.base64" with { type: "text" };
import { addFont, startMagick } from "../magick.ts";

/** The name of the font for drawing. */
export const FONT_NAME = "DejaVuSans";

let starting: Promise<void> | undefined;

/** Starts ImageMagick, if necessary, and registers the font. */
export function startFont(): Promise<void> {
  return starting ??= startMagick().then(() =>
    addFont(FONT_NAME, Uint8Array.fromBase64(dejavuSans.replace(/\s+/g, "")))
  );
}
