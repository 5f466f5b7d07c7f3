/**
 * The image formats that can be read: the one registry. Detection, endings, messages and ImageMagick's policy derive
 * from it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { isDicom, nameForeign } from "./foreign.ts";
import { BMP } from "./formats/bmp.ts";
import { GIF } from "./formats/gif.ts";
import type { ImageFormat } from "./formats/image_format.ts";
import { JPEG } from "./formats/jpeg.ts";
import { PNG } from "./formats/png.ts";
import { TIFF } from "./formats/tiff.ts";
import { WEBP } from "./formats/webp.ts";

/** Every format, in the order in which messages list them. */
export const FORMATS: readonly ImageFormat[] = [JPEG, PNG, TIFF, BMP, WEBP, GIF];

/** The endings of image file names, in lower case and without the dot. */
export const IMAGE_ENDINGS: readonly string[] = FORMATS.flatMap(({ endings }) => endings);

/** The formats in words: `JPEG, PNG, TIFF, BMP and WebP`. */
export const FORMAT_LIST: string = FORMATS.map(({ name }) => name).join(", ").replace(
  /, (?=[^,]*$)/,
  " and ",
);

const IMAGE_NAME = new RegExp(`\\.(${IMAGE_ENDINGS.join("|")})$`, "i");

/** Whether a file of this name is expected to be an image of a supported format. */
export function isImageName(name: string): boolean {
  return IMAGE_NAME.test(name);
}

/** The format by a file's first bytes, 512 or more. Throws a SyntaxError that says what the file seems to be. */
export function detectFormat(bytes: Uint8Array): ImageFormat {
  const format = FORMATS.find((format) => format.matches(bytes));
  // A DICOM file may begin like a TIFF, for programs that read only those.
  if (format !== undefined && !isDicom(bytes)) return format;
  const foreign = nameForeign(bytes);
  const reason = bytes.length === 0
    ? "the file is empty"
    : foreign !== null
    ? `it is ${foreign.what}`
    : "its first bytes match no supported format";
  const hint = foreign?.hint === undefined ? "convert it to one of them" : foreign.hint;
  throw new SyntaxError(`Cannot decode the image: ${reason}\nhint: ${FORMAT_LIST} are supported; ${hint}`);
}
