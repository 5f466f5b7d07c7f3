/**
 * Decodes in the calling thread: for Workers that prepare data and have a bad file's consequences to themselves.
 * Everyone else calls `decodeImage` of `decode.ts`.
 *
 * @module
 */
import {
  ColorSpace,
  MagickError,
  MagickFormat,
  MagickImage,
  MagickReadSettings,
  type WarningEvent,
} from "@imagemagick/magick-wasm";
import { checkContent, type ImageFormat, inspectFile } from "./header.ts";
import type { RgbImage } from "./image.ts";
import { pixelsOf, startMagick } from "./magick.ts";

const FORMATS: Record<ImageFormat, MagickFormat> = {
  JPEG: MagickFormat.Jpeg,
  PNG: MagickFormat.Png,
  TIFF: MagickFormat.Tiff,
  BMP: MagickFormat.Bmp,
  WebP: MagickFormat.WebP,
};

/** Makes {@linkcode decodeImageSync} ready in this thread. */
export function startDecoder(): Promise<void> {
  return startMagick();
}

/**
 * Decodes a JPEG, PNG, TIFF, BMP or WebP file to 8-bit RGB: grey is repeated, a palette is looked up, 16 bits
 * are scaled to 8, an alpha channel is dropped as it stands (no background is mixed in; Pillow's
 * `convert("RGB")`), CMYK is converted, the EXIF orientation is applied, and of several frames or pages the
 * first is taken. Colour profiles are not applied.
 *
 * {@linkcode startDecoder} must be done. Throws a SyntaxError for a file of another kind, a truncated or a
 * corrupt one, and a RangeError for one that asks for more than the limits. Any other error means that the
 * decoder itself broke down and that this thread should decode no more.
 */
export function decodeImageSync(bytes: Uint8Array): RgbImage {
  const header = inspectFile(bytes);
  const { format } = header;
  const content = checkContent(bytes, header);
  const settings = new MagickReadSettings({ format: FORMATS[format], frameIndex: 0, frameCount: 1 });
  const image = MagickImage.create();
  let warning: string | undefined;
  // A truncated JPEG decodes with no more than a warning, its lower part grey.
  image.onWarning = (event: WarningEvent) => {
    warning ??= event.error.message;
    return 0;
  };
  try {
    image.read(content, settings);
    if (warning === undefined) {
      image.autoOrient();
      if (image.colorSpace === ColorSpace.CMYK) image.colorSpace = ColorSpace.sRGB;
      return pixelsOf(image);
    }
  } catch (error) {
    if (!(error instanceof MagickError)) throw error;
    warning = error.message;
  } finally {
    image.dispose();
  }
  const Kind = warning.includes("ResourcesExhausted") ? RangeError : SyntaxError;
  throw new Kind(`Cannot decode the ${format} image: ${plain(warning)}`);
}

/** ImageMagick's message without its own source position: `Corrupt data @ error/png.c/...`. */
function plain(message: string): string {
  return message.replace(/\s*@ \w+\/[\w./]+\/\d+/g, "").replace(/[`']+/g, "").trim() || "damaged data";
}
