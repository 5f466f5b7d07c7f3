/**
 * Decodes with ImageMagick, in the calling thread.
 *
 * @module
 */
import {
  ColorSpace,
  MagickError,
  type MagickFormat,
  MagickImage,
  MagickReadSettings,
  type WarningEvent,
} from "@imagemagick/magick-wasm";
import type { ImageFormat } from "./formats/image_format.ts";
import type { RgbImage } from "./image.ts";
import { pixelsOf, startMagick } from "./magick.ts";

/**
 * Decodes a file whose header and content `header.ts` accepted, as `decodeRaster` specifies. Rejects with a
 * SyntaxError for a damaged file and with a RangeError for one that exceeds the limits.
 */
export async function decodeByMagick(content: Uint8Array, format: ImageFormat): Promise<RgbImage> {
  await startMagick();
  const settings = new MagickReadSettings({
    format: format.coders[0] as MagickFormat,
    frameIndex: 0,
    frameCount: 1,
  });
  const image = MagickImage.create();
  let warning: string | undefined;
  // A truncated JPEG decodes with only a warning, its lower part gray.
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
  throw new Kind(`Cannot decode the ${format.name} image: ${plain(warning)}`);
}

/** ImageMagick's message without its own source position: `Corrupt data @ error/png.c/...`. */
function plain(message: string): string {
  return message.replace(/\s*@ \w+\/[\w./]+\/\d+/g, "").replace(/[`']+/g, "").trim() || "damaged data";
}
