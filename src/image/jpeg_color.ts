/**
 * From JPEG planes to pixels, bit for bit as libjpeg's default: "fancy" upsampling of the chroma planes (jdsample.c),
 * a triangle filter, and JFIF's YCbCr to RGB in fixed point with 16 fractional bits (jdcolor.c).
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The samples of one component: rows of `stride` samples, of which `width` x `height` belong to the image. */
export interface Plane {
  /** The samples. */
  readonly data: Uint8Array;
  /** Samples from one row to the next. */
  readonly stride: number;
  /** Samples per row within the image. */
  readonly width: number;
  /** Rows within the image. */
  readonly height: number;
}

/** RGB from a luminance and two chroma planes, each full size, half as wide, or half on both sides. */
export function toRgb(luminance: Plane, blue: Plane, red: Plane): Uint8Array {
  const { width, height, stride } = luminance;
  const rgb = new Uint8ClampedArray(3 * width * height);
  const cb = rowReader(blue, width, height);
  const cr = rowReader(red, width, height);
  for (let y = 0, at = 0; y < height; y++) {
    const blueRow = cb(y);
    const redRow = cr(y);
    for (let x = 0, from = y * stride; x < width; x++, from++, at += 3) {
      const light = luminance.data[from]!;
      const b = blueRow[x]!;
      const r = redRow[x]!;
      rgb[at] = light + RED[r]!;
      rgb[at + 1] = light + ((GREEN_BLUE[b]! + GREEN_RED[r]!) >> 16);
      rgb[at + 2] = light + BLUE[b]!;
    }
  }
  return new Uint8Array(rgb.buffer);
}

/** What a chroma sample adds: in integer steps, for green in steps of 2^-16. */
const RED = table((c) => (91881 * c + 32768) >> 16);
const BLUE = table((c) => (116130 * c + 32768) >> 16);
const GREEN_RED = table((c) => -46802 * c);
const GREEN_BLUE = table((c) => -22554 * c + 32768);

function table(value: (c: number) => number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) => value(i - 128));
}

/** A reader of a plane's rows at full size. */
function rowReader(plane: Plane, width: number, height: number): (y: number) => Uint8Array | Int32Array {
  const { data, stride } = plane;
  const halfWidth = plane.width < width;
  if (!halfWidth && plane.height === height) return (y) => data.subarray(y * stride, y * stride + width);
  const row = new Int32Array(2 * plane.width);
  if (plane.height === height) {
    return (y) => {
      widenRow(data.subarray(y * stride, y * stride + plane.width), row);
      return row;
    };
  }
  const sums = new Int32Array(plane.width);
  return (y) => {
    const near = y >> 1;
    const far = Math.min(plane.height - 1, Math.max(0, y % 2 === 0 ? near - 1 : near + 1));
    for (let x = 0; x < plane.width; x++) sums[x] = 3 * data[near * stride + x]! + data[far * stride + x]!;
    widenSums(sums, row);
    return row;
  };
}

/** Doubles a row: each sample becomes two, 3/4 of itself plus 1/4 of the neighbor on that side. */
function widenRow(from: Uint8Array, to: Int32Array): void {
  const last = from.length - 1;
  for (let x = 0; x <= last; x++) {
    const value = 3 * from[x]!;
    to[2 * x] = x === 0 ? from[x]! : (value + from[x - 1]! + 1) >> 2;
    to[2 * x + 1] = x === last ? from[x]! : (value + from[x + 1]! + 2) >> 2;
  }
}

/** Doubles a row whose samples are four times too large. */
function widenSums(from: Int32Array, to: Int32Array): void {
  const last = from.length - 1;
  for (let x = 0; x <= last; x++) {
    const value = 3 * from[x]!;
    to[2 * x] = ((x === 0 ? 4 * from[x]! : value + from[x - 1]!) + 8) >> 4;
    to[2 * x + 1] = ((x === last ? 4 * from[x]! : value + from[x + 1]!) + 7) >> 4;
  }
}
