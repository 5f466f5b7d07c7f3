/**
 * BMP: BITMAPCOREHEADER (12 bytes), or BITMAPINFOHEADER and its successors.
 *
 * @module
 */
import type { Size } from "../image.ts";
import { hasText, type ImageFormat } from "./image_format.ts";

/** BMP, all header versions. */
export const BMP: ImageFormat = {
  name: "BMP",
  endings: ["bmp"],
  matches: (bytes) => hasText(bytes, "BM") && bytes.length >= 26,
  readSize,
  coders: ["BMP", "BMP2", "BMP3"],
};

/** The size in the header; a negative height means top-down rows. */
function readSize(view: DataView): Size {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  const compression = view.getUint32(30, true);
  if (compression === 4 || compression === 5) {
    throw new SyntaxError("Cannot decode the BMP image: it wraps a file of another format");
  }
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}
