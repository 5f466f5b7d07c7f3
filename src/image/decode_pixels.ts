/**
 * Decodes in the calling thread: for Workers that have a bad file's consequences to themselves. Everyone else
 * calls `decodeImage` of `decode.ts`.
 *
 * @module
 */
import { checkContent, inspectFile } from "./header.ts";
import type { Pixels, RgbImage } from "./image.ts";
import { decodePlainJpeg } from "./jpeg.ts";
import { orientationOf } from "./size.ts";

/**
 * Decodes a JPEG, PNG, TIFF, BMP or WebP file to 8-bit grey or RGB: an image without colour comes in one channel,
 * a palette is looked up, 16 bits are scaled to 8, an alpha channel is dropped as it stands (no background is mixed
 * in; Pillow's `convert("RGB")`), CMYK is converted, the EXIF orientation is applied, and of several frames or pages
 * the first is taken. Colour profiles are not applied.
 *
 * Rejects with a SyntaxError for a file of another kind, a truncated or a corrupt one, and with a RangeError for one
 * that asks for more than the limits. Any other error means that the decoder itself broke down and that this thread
 * should decode no more.
 */
export async function decodePixels(bytes: Uint8Array): Promise<Pixels> {
  const header = inspectFile(bytes);
  if (header.format === "JPEG" && orientationOf(bytes, "JPEG") === 1) {
    const pixels = decodePlainJpeg(bytes);
    if (pixels !== null) return pixels;
  }
  const content = checkContent(bytes, header);
  // Loading ImageMagick takes a fifth of a second, which a folder of plain JPEGs need not wait for.
  const { decodeByMagick } = await import("./decode_magick.ts");
  return withoutColor(await decodeByMagick(content, header.format));
}

/** A grey image as RGB, its one channel three times; an RGB one as it is. */
export function repeatGrey({ width, height, channels, data }: Pixels): RgbImage {
  if (channels === 3) return { width, height, data };
  const rgb = new Uint8Array(3 * data.length);
  for (let i = 0, at = 0; i < data.length; i++, at += 3) rgb[at] = rgb[at + 1] = rgb[at + 2] = data[i]!;
  return { width, height, data: rgb };
}

/** One channel where all three are the same, else the image as it is. */
function withoutColor({ width, height, data }: RgbImage): Pixels {
  for (let at = 0; at < data.length; at += 3) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return { width, height, channels: 3, data };
  }
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[3 * i]!;
  return { width, height, channels: 1, data: grey };
}
