/**
 * Random augmentation of images together with their masks, and of intensities, as plain float64 loops.
 *
 * Draws are pcg4d (Jarzynski and Olano, Hash Functions for GPU Rendering, 2020) of image, step, seed and kind. A pixel of
 * the result is sampled at `R(angle) * (pixel - center - shift + displacement) / scale + center` of the source, mirrored
 * about the center if a flip was drawn: bilinear with clamped edges for images; nearest, 0 or another value outside, for
 * masks. The source may be larger, with the same center. The displacement is a sum over control points, four cells per side
 * of the image, of their offsets times the cubic B-spline of the distances in cells.
 *
 * @module
 */

/** Shape of a batch. */
export interface AugmentShape {
  /** Images. */
  batch: number;
  /** Channels of an image. */
  channels: number;
  /** Channels of a mask. */
  maskChannels: number;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
}

/** Strength of each transform; 0 or false turns it off. */
export interface AugmentStrength {
  /** Random horizontal flip. */
  flipHorizontal: boolean;
  /** Random vertical flip. */
  flipVertical: boolean;
  /** Largest angle in degrees, either way. */
  rotation: number;
  /** Largest relative change of size. */
  scale: number;
  /** Largest offset of a control point, as a share of height and width, either way; 0 by default. */
  elastic?: number;
  /** Largest shift, as a share of height and width, either way. */
  shift: number;
  /** Largest relative change of contrast. */
  contrast: number;
  /** Largest value added, either sign. */
  brightness: number;
  /** Largest standard deviation of the noise. */
  noise: number;
}

/** Augmented images and masks, and how close each sampling position is to a tie between two pixels. */
export interface Augmented {
  /** NCHW. */
  images: Float64Array;
  /** NCHW. */
  masks: Float64Array;
  /** Per pixel of each image: 0 at a tie, up to 0.5. */
  margins: Float64Array;
}

const ELASTIC = 0x656c6173;
const CELLS = 4;
const AFFINE = 0x61666631;
const CHANCE = 0x61666632;
const LIGHT = 0x61666633;
const NOISE = 0x6e6f6973;

/** Four draws of 32 bits. */
export function pcg4d(a: number, b: number, c: number, d: number): [number, number, number, number] {
  const v = [a, b, c, d].map((key) => (Math.imul(key, 1664525) + 1013904223) | 0);
  const mix = () => {
    for (const [to, left, right] of [[0, 1, 3], [1, 2, 0], [2, 0, 1], [3, 1, 2]] as const) {
      v[to] = (v[to]! + Math.imul(v[left]!, v[right]!)) | 0;
    }
  };
  mix();
  for (let i = 0; i < 4; i++) v[i] = v[i]! ^ (v[i]! >>> 16);
  mix();
  return v.map((value) => value >>> 0) as [number, number, number, number];
}

/** Draws uniform in [-1, 1). */
function draws(image: number, step: number, seed: number, kind: number): number[] {
  return pcg4d(image, step, seed, kind).map((value) => (value >>> 8) / 2 ** 23 - 1);
}

/** The uniform cubic B-spline, by the distance from its control point in cells. */
export function cubicSpline(distance: number): number {
  const d = Math.abs(distance);
  return d < 1 ? 2 / 3 - d ** 2 + d ** 3 / 2 : d < 2 ? (2 - d) ** 3 / 6 : 0;
}

/** The displacement at a place of an image, whose sides are 1, before it is scaled: x and y from -1 to 1. */
export function displacementAt(
  [x, y]: readonly [number, number],
  image: number,
  step: number,
  seed: number,
): [number, number] {
  const total: [number, number] = [0, 0];
  for (let row = -1; row <= CELLS + 1; row++) {
    for (let column = -1; column <= CELLS + 1; column++) {
      const index = (row + 1) * (CELLS + 3) + column + 1;
      const weight = cubicSpline(CELLS * x - column) * cubicSpline(CELLS * y - row);
      const offset = draws(image, step, seed, ELASTIC + index);
      total[0] += weight * offset[0]!;
      total[1] += weight * offset[1]!;
    }
  }
  return total;
}

/** Augments a batch. */
export function augmentBatch(
  images: ArrayLike<number>,
  masks: ArrayLike<number>,
  shape: AugmentShape,
  strength: AugmentStrength,
  seed: number,
  step: number,
  { source = shape, outside = 0 }: { source?: { height: number; width: number }; outside?: number } = {},
): Augmented {
  const { batch, channels, maskChannels, height, width } = shape;
  const pixels = height * width;
  const sourcePixels = source.height * source.width;
  const result = {
    images: new Float64Array(batch * channels * pixels),
    masks: new Float64Array(batch * maskChannels * pixels),
    margins: new Float64Array(batch * pixels),
  };
  const clamp = (value: number, end: number) => Math.max(0, Math.min(end - 1, value));
  for (let image = 0; image < batch; image++) {
    const [turn, zoom, down, right] = draws(image, step, seed, AFFINE) as [number, number, number, number];
    const [flipX, flipY] = draws(image, step, seed, CHANCE) as [number, number];
    const [contrast, brightness, grain] = draws(image, step, seed, LIGHT) as [number, number, number];
    const angle = strength.rotation * Math.PI / 180 * turn;
    for (let pixel = 0; pixel < pixels; pixel++) {
      let dx = pixel % width - (width - 1) / 2 - strength.shift * down * width;
      let dy = Math.floor(pixel / width) - (height - 1) / 2 - strength.shift * right * height;
      if (strength.elastic) {
        const place = [(pixel % width + 0.5) / width, (Math.floor(pixel / width) + 0.5) / height] as const;
        const [right, down] = displacementAt(place, image, step, seed);
        dx += strength.elastic * right * width;
        dy += strength.elastic * down * height;
      }
      let x = (Math.cos(angle) * dx + Math.sin(angle) * dy) / (1 + strength.scale * zoom);
      let y = (Math.cos(angle) * dy - Math.sin(angle) * dx) / (1 + strength.scale * zoom);
      if (strength.flipHorizontal && flipX < 0) x = -x;
      if (strength.flipVertical && flipY < 0) y = -y;
      x += (source.width - 1) / 2;
      y += (source.height - 1) / 2;
      for (let channel = 0; channel < channels; channel++) {
        const plane = (image * channels + channel) * pixels;
        let value = 0;
        for (
          const [row, weightY] of [[Math.floor(y), 1 - y + Math.floor(y)], [
            Math.floor(y) + 1,
            y - Math.floor(y),
          ]] as const
        ) {
          for (
            const [column, weightX] of [[Math.floor(x), 1 - x + Math.floor(x)], [
              Math.floor(x) + 1,
              x - Math.floor(x),
            ]] as const
          ) {
            const at = clamp(row, source.height) * source.width + clamp(column, source.width);
            value += weightX * weightY * images[(image * channels + channel) * sourcePixels + at]!;
          }
        }
        value = (1 + strength.contrast * contrast) * value + strength.brightness * brightness;
        const grains = pcg4d(pixel, step, seed ^ image, NOISE + channel);
        const sum = grains.reduce((total, value) => total + (value >>> 8) / 2 ** 23 - 1, 0);
        value += strength.noise * Math.abs(grain) * Math.sqrt(0.75) * sum;
        result.images[plane + pixel] = value;
      }
      const [column, row] = [Math.round(x), Math.round(y)];
      const inside = column >= 0 && row >= 0 && column < source.width && row < source.height;
      result.margins[image * pixels + pixel] = Math.min(
        Math.abs(x - Math.floor(x) - 0.5),
        Math.abs(y - Math.floor(y) - 0.5),
      );
      for (let channel = 0; channel < maskChannels; channel++) {
        const plane = (image * maskChannels + channel) * pixels;
        const first = (image * maskChannels + channel) * sourcePixels;
        result.masks[plane + pixel] = inside ? masks[first + row * source.width + column]! : outside;
      }
    }
  }
  return result;
}

const TONE = 0x746f6e65;

/** Strength of each change; absent ones are 0, an absent share is 1. */
export interface ToneStrength {
  gamma?: number;
  tone?: number;
  bias?: number;
  invert?: number;
  share?: number;
}

/** The changed images, NCHW. */
export function changeTones(
  images: ArrayLike<number>,
  { batch, channels, height, width }: { batch: number; channels: number; height: number; width: number },
  { gamma = 0, tone = 0, bias = 0, invert = 0, share = 1 }: ToneStrength,
  seed: number,
  step: number,
): Float64Array {
  const result = Float64Array.from(images);
  for (let image = 0; image < batch; image++) {
    const [chance, curve, wave, field] = [0, 1, 2, 3].map((kind) =>
      pcg4d(image, step, seed, TONE + kind).map((value) => (value >>> 8) / 2 ** 24)
    ) as [number[], number[], number[], number[]];
    if (chance[0]! >= share) continue;
    const exponent = Math.exp(gamma * (2 * chance[2]! - 1));
    for (let index = 0; index < channels * height * width; index++) {
      const x = index % width / width;
      const y = Math.floor(index / width) % height / height;
      const sigmoid = 1 / (1 + Math.exp(-images[image * channels * height * width + index]!));
      const power = sigmoid ** exponent;
      let z = Math.log(power / (1 - power));
      const before = z;
      for (const which of [0, 1]) {
        const period = 4 + 8 * curve[which]!;
        // The slope of a wave of this height is at most half of what `tone` allows.
        const height = tone / 2 * (2 * curve[2 + which]! - 1) * period / (2 * Math.PI);
        z += height * Math.sin(2 * Math.PI * (before / period + wave[which]!));
      }
      const turns = (2 * field[0]! - 1) * x + (2 * field[1]! - 1) * y + field[2]!;
      z += bias * (2 * chance[3]! - 1) * Math.cos(2 * Math.PI * turns) * Math.log1p(Math.exp(z));
      result[image * channels * height * width + index] = chance[1]! < invert ? -z : z;
    }
  }
  return result;
}
