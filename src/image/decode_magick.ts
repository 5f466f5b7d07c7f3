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
import type { DecodedRaster, RgbImage } from "./image.ts";
import { pixelsOf, startMagick } from "./magick.ts";

/**
 * Decodes a file whose header and content `header.ts` accepted, as `decodeRaster` specifies, but does not apply its
 * orientation. Rejects with a SyntaxError for a damaged file and with a RangeError for one that exceeds the limits.
 */
export async function decodeByMagick(
  content: Uint8Array,
  format: ImageFormat,
): Promise<DecodedRaster<RgbImage>> {
  await startMagick();
  const settings = new MagickReadSettings({
    format: format.coders[0] as MagickFormat,
    frameIndex: 0,
    frameCount: 1,
  });
  const image = MagickImage.create();
  const warnings = new Set<string>();
  // A truncated JPEG decodes with only a warning, its lower part gray.
  image.onWarning = ({ error }: WarningEvent) => {
    for (const { message } of [error, ...error.relatedErrors]) warnings.add(plain(message));
    return 0;
  };
  let fatal: string | undefined;
  try {
    image.read(content, settings);
    fatal = [...warnings].find((warning) => !format.isHarmless?.(warning, content));
    if (fatal === undefined) {
      if (image.colorSpace === ColorSpace.CMYK) image.colorSpace = ColorSpace.sRGB;
      const notes = [...warnings].map((message) => ({ kind: "oddity", message }) as const);
      return { raster: pixelsOf(image), notes };
    }
  } catch (error) {
    if (!(error instanceof MagickError)) throw error;
    fatal = plain(error.message);
  } finally {
    image.dispose();
  }
  const Kind = fatal.includes("ResourcesExhausted") ? RangeError : SyntaxError;
  throw new Kind(`Cannot decode the ${format.name} image: ${fatal}`);
}

/** ImageMagick's message without its own source position: `Corrupt data @ error/png.c/...`. */
function plain(message: string): string {
  return message.replace(/\s*@ \w+\/[\w./]+\/\d+/g, "").replace(/[`']+/g, "").trim() || "damaged data";
}
