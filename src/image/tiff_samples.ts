/**
 * TIFF: from strips or tiles to samples (TIFF 6.0, sections 3, 14 and 15; Adobe's predictor for floating point).
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { SampleData, Size } from "./image.ts";
import { MAX_BYTES } from "./limits.ts";
import { expandStrip, isLossless } from "./tiff_compression.ts";
import { type Directory, isLittleEndian, TAG } from "./tiff_directory.ts";

/** What the bits of a sample mean: an unsigned or a signed integer, or a floating-point number. */
export type TiffNumber = "unsigned" | "signed" | "float";

/** The values of the tag, in their order from 1; 4 is undefined, which readers take for the first. */
const NUMBERS: readonly TiffNumber[] = ["unsigned", "signed", "float", "unsigned"];

/** How the samples of a page are stored. */
export interface TiffLayout extends Size {
  /** Bits per sample. */
  readonly bits: number;
  /** What they mean; null if the tag is unknown. */
  readonly number: TiffNumber | null;
  /** Samples per pixel. */
  readonly channels: number;
  /** The color model: 0 and 1 are gray from white or from black, 2 is RGB, 3 a palette. */
  readonly photometric: number;
  /** The compression's number. */
  readonly compression: number;
  /** Whether {@linkcode readTiffSamples} can read them. */
  readonly known: boolean;
}

/** The layout of a page. */
export function layoutOf(page: Directory): TiffLayout {
  const bits = page.of(TAG.bits, 1);
  const number = NUMBERS[page.of(TAG.sampleFormat, 1) - 1] ?? null;
  const compression = page.of(TAG.compression, 1);
  const photometric = page.of(TAG.photometric, 1);
  const predictor = page.of(TAG.predictor, 1);
  const isEven = page.all(TAG.bits).every((other) => other === bits) &&
    page.all(TAG.sampleFormat).every((other, _, all) => other === all[0]);
  const hasPredictor = predictor === 1 || (predictor === 2 && bits % 8 === 0) ||
    (predictor === 3 && number === "float");
  return {
    width: page.of(TAG.width, 0),
    height: page.of(TAG.height, 0),
    ...{ bits, number, compression, photometric },
    channels: page.of(TAG.samples, 1),
    known: isEven && hasPredictor && isLossless(compression) && photometric <= 3 &&
      page.of(TAG.fillOrder, 1) === 1 && numbersOf(bits, number) !== null,
  };
}

/** A strip or a tile: where it lies in the image and how large it is. */
interface Part extends Size {
  readonly left: number;
  readonly top: number;
  /** The first of the channels that it holds. */
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/**
 * The first `count` samples of each pixel, next to each other, as numbers that stand in the file: `Uint8Array` or
 * `Uint16Array` for unsigned ones that fit, else `Float32Array`. Throws a SyntaxError if any of them is missing or
 * damaged, and a RangeError for more than 2^27 bytes of samples.
 */
export function readTiffSamples(
  file: Uint8Array,
  view: DataView,
  page: Directory,
  count: number,
): SampleData {
  const layout = layoutOf(page);
  const { width, height, bits, number, channels } = layout;
  assertSampleBytes(Math.ceil(width * height * channels * bits / 8));
  const isPlanar = page.of(TAG.planar, 1) === 2 && channels > 1;
  const perPart = isPlanar ? 1 : channels;
  const samples = new (typeOf(layout))(width * height * count);
  const predictor = page.of(TAG.predictor, 1);
  const little = isLittleEndian(view);
  const numbers = numbersOf(bits, number)!;
  for (const part of partsOf(file, page, layout, isPlanar)) {
    if (part.channel >= count) continue;
    const perRow = part.width * perPart;
    const rowBytes = Math.ceil(perRow * bits / 8);
    // A tile may be far larger than the image.
    assertSampleBytes(rowBytes * part.height);
    const packed = expandStrip(layout.compression, part.bytes, rowBytes * part.height);
    // The last rows and columns of a tile may lie outside.
    const columns = Math.min(part.width, width - part.left);
    const rows = Math.min(part.height, height - part.top);
    const taken = isPlanar ? 1 : count;
    if (predictor === 1 && bits % 8 === 0 && perPart === count && part.width === width) {
      // The rows follow each other in the file as in the image.
      const all = packed.slice(0, rows * rowBytes);
      if (!little) swapBytes(all, bits);
      samples.set(numbers(all, perRow * rows), part.top * width * count);
      continue;
    }
    for (let y = 0; y < rows; y++) {
      // A copy, which begins where every kind of number may.
      const row = packed.slice(y * rowBytes, (y + 1) * rowBytes);
      const isNative = predictor === 3 ? gatherBytes(row, perPart, bits) : little;
      if (!isNative) swapBytes(row, bits);
      if (predictor === 2) addNeighbors(row, perPart, bits);
      const to = ((part.top + y) * width + part.left) * count + part.channel;
      copyPixels(numbers(row, perRow), perPart, samples, to, count, taken, columns);
    }
  }
  return samples;
}

function assertSampleBytes(byteLength: number): void {
  if (byteLength > MAX_BYTES) {
    throw new RangeError(
      `Cannot decode the TIFF image of ${byteLength} bytes of samples: at most ${MAX_BYTES}`,
    );
  }
}

/** Copies the first `taken` of `channels` numbers per pixel, for `columns` pixels `step` samples apart. */
function copyPixels(
  row: ArrayLike<number>,
  channels: number,
  samples: SampleData,
  to: number,
  step: number,
  taken: number,
  columns: number,
): void {
  for (let x = 0, from = 0; x < columns; x++, from += channels, to += step) {
    for (let i = 0; i < taken; i++) samples[to + i] = row[from + i]!;
  }
}

/** All strips or tiles. Throws a SyntaxError for one that lies outside the file. */
function* partsOf(file: Uint8Array, page: Directory, layout: TiffLayout, isPlanar: boolean): Generator<Part> {
  const { width, height, channels, compression } = layout;
  const tileWidth = page.of(TAG.tileWidth, 0);
  const isTiled = tileWidth > 0;
  const offsets = page.all(isTiled ? TAG.tileOffsets : TAG.stripOffsets);
  const counts = page.all(isTiled ? TAG.tileBytes : TAG.stripBytes);
  const partWidth = isTiled ? tileWidth : width;
  const partHeight = isTiled
    ? page.of(TAG.tileHeight, 0)
    : Math.min(height, page.of(TAG.rowsPerStrip, height));
  const across = Math.ceil(width / partWidth);
  const down = Math.ceil(height / partHeight);
  const needed = across * down * (isPlanar ? channels : 1);
  if (!(needed > 0) || offsets.length < needed) {
    throw new SyntaxError(
      `Cannot decode the TIFF image: it has ${offsets.length} of ${needed} strips or tiles`,
    );
  }
  let total = 0;
  for (let i = 0; i < needed; i++) {
    const at = offsets[i]!;
    // Some writers leave out how long a strip is that is not compressed.
    const stated = counts[i] ?? 0;
    const end = stated > 0 ? at + stated : compression === 1 ? file.length : at;
    if (end > file.length || at >= end) {
      throw new SyntaxError("Cannot decode the TIFF image: the file is truncated");
    }
    // Parts may share bytes, so that a small file would be read any number of times.
    if ((total += stated) > MAX_BYTES) {
      throw new RangeError(`Cannot decode the TIFF image: its strips have more than ${MAX_BYTES} bytes`);
    }
    const place = i % (across * down);
    const top = Math.floor(place / across) * partHeight;
    yield {
      left: (place % across) * partWidth,
      top,
      width: partWidth,
      height: isTiled ? partHeight : Math.min(partHeight, height - top),
      channel: isPlanar ? Math.floor(i / (across * down)) : 0,
      bytes: file.subarray(at, end),
    };
  }
}

/** Reverses the order of the bytes of each number. */
function swapBytes(row: Uint8Array, bits: number): void {
  const bytes = bits / 8;
  if (bits % 8 !== 0 || bytes === 1) return;
  for (let at = 0; at < row.length; at += bytes) {
    for (let low = at, high = at + bytes - 1; low < high; low++, high--) {
      const byte = row[low]!;
      row[low] = row[high]!;
      row[high] = byte;
    }
  }
}

/** Adds to each number the one before it of the same channel: predictor 2 stores differences. */
function addNeighbors(row: Uint8Array, channels: number, bits: number): void {
  if (bits === 64) {
    const numbers = new BigUint64Array(row.buffer);
    for (let i = channels; i < numbers.length; i++) numbers[i]! += numbers[i - channels]!;
    return;
  }
  const numbers = bits === 8 ? row : bits === 16 ? new Uint16Array(row.buffer) : new Uint32Array(row.buffer);
  for (let i = channels; i < numbers.length; i++) numbers[i]! += numbers[i - channels]!;
}

/**
 * Reverses predictor 3: it stores the highest bytes of all numbers, then the next, as differences. Returns true, since
 * the numbers then begin with the lowest byte.
 */
function gatherBytes(row: Uint8Array, channels: number, bits: number): true {
  for (let i = channels; i < row.length; i++) row[i]! += row[i - channels]!;
  const bytes = bits / 8;
  const count = row.length / bytes;
  const planes = row.slice();
  for (let byte = 0; byte < bytes; byte++) {
    const plane = (bytes - 1 - byte) * count;
    for (let i = 0, at = byte; i < count; i++, at += bytes) row[at] = planes[plane + i]!;
  }
  return true;
}

/** The numbers of a row, whose bytes are in the machine's order: the lowest first, like every machine with WebGPU. */
type Numbers = (row: Uint8Array<ArrayBuffer>, count: number) => ArrayLike<number>;

const FLOATS: Record<number, Numbers> = {
  16: ({ buffer }) => new Float16Array(buffer),
  32: ({ buffer }) => new Float32Array(buffer),
  64: ({ buffer }) => new Float64Array(buffer),
};

const SIGNED: Record<number, Numbers> = {
  8: ({ buffer }) => new Int8Array(buffer),
  16: ({ buffer }) => new Int16Array(buffer),
  32: ({ buffer }) => new Int32Array(buffer),
};

const UNSIGNED: Record<number, Numbers> = {
  8: (row) => row,
  16: ({ buffer }) => new Uint16Array(buffer),
  32: ({ buffer }) => new Uint32Array(buffer),
};

/** What reads such samples; null if nothing does. */
function numbersOf(bits: number, number: TiffNumber | null): Numbers | null {
  if (number === "float") return FLOATS[bits] ?? null;
  if (number === "signed") return SIGNED[bits] ?? null;
  if (number === null) return null;
  return UNSIGNED[bits] ?? (bits >= 1 && bits < 16 ? (row, count) => unpackBits(row, bits, count) : null);
}

/** Numbers of up to 15 bits, the highest bit first. */
function unpackBits(row: Uint8Array, bits: number, count: number): Uint16Array {
  const numbers = new Uint16Array(count);
  let [pending, pendingBits, at] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    for (; pendingBits < bits; pendingBits += 8) pending = (pending << 8 | row[at++]!) & 0xffffff;
    pendingBits -= bits;
    numbers[i] = pending >> pendingBits & ((1 << bits) - 1);
  }
  return numbers;
}

function typeOf({ bits, number }: TiffLayout) {
  if (number !== "unsigned" || bits > 16) return Float32Array;
  return bits > 8 ? Uint16Array : Uint8Array;
}
