/**
 * ImageMagick, started once per thread, with strict limits and only the formats of the registry.
 *
 * @module
 */
import {
  ConfigurationFiles,
  type IMagickImage,
  initializeImageMagick,
  MagickFormat,
  MagickImage,
  MagickReadSettings,
  ResourceLimits,
} from "@imagemagick/magick-wasm";
import { FORMATS } from "./formats.ts";
import { assertImage, type RgbImage } from "./image.ts";
import { MAX_PIXELS, MAX_SIDE } from "./limits.ts";

/** The registry's formats, and raw samples. */
const CODERS = [...FORMATS.flatMap(({ coders }) => coders), "RGB"];

/** Denies everything except these. */
const POLICY = `<?xml version="1.0" encoding="UTF-8"?>
<policymap>
  <policy domain="coder" rights="none" pattern="*"/>
  <policy domain="coder" rights="read | write" pattern="{${CODERS.join(",")}}"/>
  <policy domain="delegate" rights="none" pattern="*"/>
  <policy domain="filter" rights="none" pattern="*"/>
  <policy domain="path" rights="none" pattern="@*"/>
  <policy domain="path" rights="none" pattern="|*"/>
</policymap>
`;

let starting: Promise<void> | undefined;

/** Starts ImageMagick in this thread unless it is running: 0.3 s, no permission needed. */
export function startMagick(): Promise<void> {
  return starting ??= start();
}

async function start(): Promise<void> {
  // Compiled here rather than on import: programs that read plain JPEGs do not need it.
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
  // A limit of 1 rejects every image: reading counts one more than it keeps.
  ResourceLimits.listLength = 8n;
  ResourceLimits.time = 30n;
}

/** Calls `use` with an ImageMagick copy of `image` and frees it afterwards, after {@linkcode startMagick}. */
export function withMagickImage<T>(image: RgbImage, use: (image: IMagickImage) => T): T {
  assertImage(image, 3, "pass an image to ImageMagick");
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

/** The pixels of an ImageMagick image; an alpha channel is dropped, gray is repeated. */
export function pixelsOf(image: IMagickImage): RgbImage {
  const { width, height } = image;
  const data = image.getPixels((pixels) => pixels.toByteArray(0, 0, width, height, "RGB"));
  if (data === null) throw new Error(`Cannot read the ${width} x ${height} pixels of a decoded image`);
  return { width, height, data };
}
