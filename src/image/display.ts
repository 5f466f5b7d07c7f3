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
  const count = Math.ceil(data.length / step);
  const ranks = [0, ...PERCENTILES.map((percent) => Math.round(percent / 100 * (count - 1))), count - 1];
  const [lowest, low, high, highest] = data instanceof Float32Array
    ? sortedAt(data, step, ranks)
    : countedAt(data, step, ranks);
  return low! < high! ? [low!, high!] : [lowest!, highest!];
}

/** Every `step`-th sample, in order: those at `ranks`. */
function sortedAt(data: Float32Array, step: number, ranks: readonly number[]): number[] {
  const sorted = new Float32Array(Math.ceil(data.length / step));
  for (let i = 0; i < sorted.length; i++) sorted[i] = data[i * step]!;
  sorted.sort();
  return ranks.map((rank) => sorted[rank]!);
}

/** {@linkcode sortedAt} for integers, by counting: a tenth of the time; `ranks` ascend. */
function countedAt(data: Uint8Array | Uint16Array, step: number, ranks: readonly number[]): number[] {
  const counts = new Uint32Array(2 ** (8 * data.BYTES_PER_ELEMENT));
  for (let i = 0; i < data.length; i += step) counts[data[i]!]!++;
  let [value, passed] = [0, counts[0]!];
  return ranks.map((rank) => {
    while (passed <= rank) passed += counts[++value]!;
    return value;
  });
}
