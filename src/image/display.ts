/**
 * Images as they are displayed: everything that draws gets its 8 bits here.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Raster, repeatGray, type RgbImage, type SampleData, type SampleRange } from "./image.ts";

/** The percentiles of the samples that become black and white. */
const PERCENTILES = [0.5, 99.5] as const;

/** Samples of which percentiles are taken, at most; evenly spread over the image. */
const MAX_SAMPLES = 2 ** 16;

/**
 * An image in 8-bit RGB. 8-bit samples stay as they are. Others are windowed: percentile 0.5 of all samples becomes
 * black and percentile 99.5 white, as viewers of medical images do, for display only; of an image that is nearly
 * constant, the extremes take their place.
 */
export function displayImage(image: RgbImage | Raster): RgbImage {
  const { width, height, data } = image;
  const channels = "channels" in image ? image.channels : 3;
  if (data instanceof Uint8Array) return repeatGray({ width, height, channels, data });
  const [low, high] = windowOf(data);
  const scale = high > low ? 255 / (high - low) : 0;
  const bytes = Uint8ClampedArray.from(data, (value) => scale * (value - low));
  return repeatGray({ width, height, channels, data: new Uint8Array(bytes.buffer) });
}

/** An image whose samples fill less of the 256 levels is hard to see. */
const FEW_LEVELS = 96;

/** Most by which contrast is raised: beyond it, noise is all that is seen. */
const MOST_GAIN = 8;

/**
 * A dark or flat 8-bit image with more contrast, all channels alike, as far as its percentiles allow; null for one that
 * can be seen as it is, or shows nothing. For overviews: fluorescence images are often nearly black.
 */
export function raiseContrast(image: RgbImage): RgbImage | null {
  const [low, high] = windowOf(image.data);
  if (high - low >= FEW_LEVELS || high === low) return null;
  const gain = Math.min(MOST_GAIN, 255 / Math.max(1, high - low));
  const bytes = Uint8ClampedArray.from(image.data, (value) => gain * (value - low));
  return { ...image, data: new Uint8Array(bytes.buffer) };
}

/** The sample values that become black and white; equal ones for a constant image. */
export function windowOf(data: SampleData): SampleRange {
  const step = Math.ceil(data.length / MAX_SAMPLES);
  const sorted = new Float32Array(Math.ceil(data.length / step));
  for (let i = 0; i < sorted.length; i++) sorted[i] = data[i * step]!;
  sorted.sort();
  const [low, high] = PERCENTILES.map((percent) => sorted[Math.round(percent / 100 * (sorted.length - 1))]!);
  return low! < high! ? [low!, high!] : [sorted[0]!, sorted.at(-1)!];
}
