/**
 * ImageMagick, started once a thread, with strict limits and without the formats that nobody asked for.
 *
 * @module
 */
import {
  ConfigurationFiles,
  type IMagickImage,
  initializeImageMagick,
  Magick,
  MagickFormat,
  MagickImage,
  MagickReadSettings,
  ResourceLimits,
} from "@imagemagick/magick-wasm";
import { assertImage, type RgbImage } from "./image.ts";
import { MAX_PIXELS, MAX_SIDE } from "./limits.ts";

/** Closes everything but the five formats that are read, raw samples, and the blank canvas that text is measured on. */
const POLICY = `<?xml version="1.0" encoding="UTF-8"?>
<policymap>
  <policy domain="coder" rights="none" pattern="*"/>
  <policy domain="coder" rights="read | write" pattern="{JPEG,PNG,TIFF,BMP,BMP2,BMP3,WEBP,RGB,XC}"/>
  <policy domain="delegate" rights="none" pattern="*"/>
  <policy domain="filter" rights="none" pattern="*"/>
  <policy domain="path" rights="none" pattern="@*"/>
  <policy domain="path" rights="none" pattern="|*"/>
</policymap>
`;

let starting: Promise<void> | undefined;

/** Starts ImageMagick in this thread, if it does not run yet: 0.3 s, no permission. */
export function startMagick(): Promise<void> {
  return starting ??= start();
}

async function start(): Promise<void> {
  // Compiled here and not with the imports: what draws nothing and meets no rare format does without.
  const { default: magick } = await import("./magick_wasm.js");
  const files = ConfigurationFiles.default;
  files.policy.data = POLICY;
  await initializeImageMagick(magick, files);
  ResourceLimits.width = BigInt(MAX_SIDE);
  ResourceLimits.height = BigInt(MAX_SIDE);
  ResourceLimits.area = 4n * BigInt(MAX_PIXELS); // counted in samples: pixels times channels
  ResourceLimits.memory = 512n * 1024n * 1024n;
  ResourceLimits.maxMemoryRequest = 512n * 1024n * 1024n;
  ResourceLimits.disk = 0n;
  // One would refuse every image: reading counts one more than it keeps.
  ResourceLimits.listLength = 8n;
  ResourceLimits.time = 30n;
}

/** Registers a TrueType font under `name` for drawing; ImageMagick has none of its own. */
export function addFont(name: string, bytes: Uint8Array): void {
  Magick.addFont(name, bytes);
}

/** Hands `image` as ImageMagick's own to `use`, and frees it afterwards. {@linkcode startMagick} must be done. */
export function withMagickImage<T>(image: RgbImage, use: (image: IMagickImage) => T): T {
  assertImage(image, 3, "hand an image to ImageMagick");
  const settings = new MagickReadSettings({
    format: MagickFormat.Rgb,
    width: image.width,
    height: image.height,
  });
  settings.depth = 8;
  const wrapped = MagickImage.create();
  try {
    wrapped.read(image.data, settings);
    return use(wrapped);
  } finally {
    wrapped.dispose();
  }
}

/** The pixels of one of ImageMagick's images; an alpha channel is left out, grey is repeated. */
export function pixelsOf(image: IMagickImage): RgbImage {
  const { width, height } = image;
  const data = image.getPixels((pixels) => pixels.toByteArray(0, 0, width, height, "RGB"));
  if (data === null) throw new Error(`Cannot read the ${width} x ${height} pixels of a decoded image`);
  return { width, height, data };
}
