/**
 * The EXIF orientation of an image.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { hasText, viewOf } from "./formats/image_format.ts";

/** Tag 274 of the first directory of a TIFF structure: 1 to 8; 1 (upright) if it is missing or damaged. */
export function readOrientation(block: Uint8Array): number {
  const view = viewOf(block);
  const little = hasText(block, "II*\0");
  if (block.length < 8 || (!little && !hasText(block, "MM\0*"))) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let at = directory + 2, i = 0; i < entries && at + 12 <= block.length; i++, at += 12) {
    if (view.getUint16(at, little) === 274) return view.getUint16(at + 8, little);
  }
  return 1;
}
