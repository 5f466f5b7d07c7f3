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
  const found = findOrientation(block);
  return found === null ? 1 : viewOf(block).getUint16(found.at, found.little);
}

/**
 * A copy of a file that states no orientation, for decoders that would apply it.
 *
 * @param block the file's TIFF structure, a part of its bytes
 */
export function uprightCopy(file: Uint8Array, block: Uint8Array): Uint8Array {
  const copy = file.slice();
  const found = findOrientation(block);
  if (found !== null) viewOf(copy).setUint16(block.byteOffset - file.byteOffset + found.at, 1, found.little);
  return copy;
}

/** Where the value of the tag lies in the block. */
function findOrientation(block: Uint8Array): { readonly at: number; readonly little: boolean } | null {
  const view = viewOf(block);
  const little = hasText(block, "II*\0");
  if (block.length < 8 || (!little && !hasText(block, "MM\0*"))) return null;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return null;
  const entries = view.getUint16(directory, little);
  for (let at = directory + 2, i = 0; i < entries && at + 12 <= block.length; i++, at += 12) {
    if (view.getUint16(at, little) === 274) return { at: at + 8, little };
  }
  return null;
}
