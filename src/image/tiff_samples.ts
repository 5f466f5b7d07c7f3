/**
 * TIFF: from strips or tiles to samples (TIFF 6.0, sections 3, 14 and 15; Adobe's predictor for floating point).
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
  readonly readable: boolean;
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
    readable: isEven && hasPredictor && isLossless(compression) && photometric <= 3 &&
      page.of(TAG.fillOrder, 1) === 1 && readerOf(bits, number) !== null,
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
  const byteLength = Math.ceil(width * height * channels * bits / 8);
  if (byteLength > MAX_BYTES) {
    throw new RangeError(
      `Cannot decode the TIFF image of ${byteLength} bytes of samples: at most ${MAX_BYTES}`,
    );
  }
  const isPlanar = page.of(TAG.planar, 1) === 2 && channels > 1;
  const perPart = isPlanar ? 1 : channels;
  const samples = new (typeOf(layout))(width * height * count);
  const predictor = page.of(TAG.predictor, 1);
  const little = isLittleEndian(view);
  const read = readerOf(bits, number)!;
  for (const part of partsOf(file, page, layout, isPlanar)) {
    if (part.channel >= count) continue;
    const perRow = part.width * perPart;
    const rowBytes = Math.ceil(perRow * bits / 8);
    const packed = expandStrip(layout.compression, part.bytes, rowBytes * part.height);
    // The last rows and columns of a tile may lie outside.
    const columns = Math.min(part.width, width - part.left);
    const rows = Math.min(part.height, height - part.top);
    const taken = isPlanar ? 1 : count;
    for (let y = 0; y < rows; y++) {
      const row = packed.slice(y * rowBytes, (y + 1) * rowBytes);
      const order = unpredict(row, predictor, perPart, bits, little);
      const values = new DataView(row.buffer);
      let to = ((part.top + y) * width + part.left) * count + part.channel;
      for (let x = 0; x < columns; x++, to += count) {
        for (let i = 0; i < taken; i++) samples[to + i] = read(values, x * perPart + i, order);
      }
    }
  }
  return samples;
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

/**
 * Reverses the differences of a row in place; returns whether its numbers begin with the lowest byte. Predictor 2
 * stores each number less the one before it of the same channel. Predictor 3 does so with bytes, of which it stores
 * first the highest of all numbers, then the next.
 */
function unpredict(
  row: Uint8Array,
  predictor: number,
  channels: number,
  bits: number,
  little: boolean,
): boolean {
  if (predictor === 2) {
    const view = new DataView(row.buffer);
    const bytes = bits / 8;
    for (let at = channels * bytes; at + bytes <= row.length; at += bytes) {
      addNumber(view, at, at - channels * bytes, bytes, little);
    }
  } else if (predictor === 3) {
    for (let i = channels; i < row.length; i++) row[i]! += row[i - channels]!;
    const bytes = bits / 8;
    const count = row.length / bytes;
    const planes = row.slice();
    for (let i = 0; i < count; i++) {
      for (let byte = 0; byte < bytes; byte++) row[i * bytes + byte] = planes[byte * count + i]!;
    }
    return false;
  }
  return little;
}

/** Adds the number at `from` to the one at `at`, both of `bytes` bytes. */
function addNumber(view: DataView, at: number, from: number, bytes: number, little: boolean): void {
  if (bytes === 1) view.setUint8(at, view.getUint8(at) + view.getUint8(from));
  else if (bytes === 2) view.setUint16(at, view.getUint16(at, little) + view.getUint16(from, little), little);
  else if (bytes === 4) view.setUint32(at, view.getUint32(at, little) + view.getUint32(from, little), little);
  else view.setBigUint64(at, view.getBigUint64(at, little) + view.getBigUint64(from, little), little);
}

/** Reads the sample of an index from a row. */
type Reader = (row: DataView, index: number, little: boolean) => number;

const FLOATS: Record<number, Reader> = {
  16: (row, i, little) => row.getFloat16(2 * i, little),
  32: (row, i, little) => row.getFloat32(4 * i, little),
  64: (row, i, little) => row.getFloat64(8 * i, little),
};

const SIGNED: Record<number, Reader> = {
  8: (row, i) => row.getInt8(i),
  16: (row, i, little) => row.getInt16(2 * i, little),
  32: (row, i, little) => row.getInt32(4 * i, little),
};

const UNSIGNED: Record<number, Reader> = {
  8: (row, i) => row.getUint8(i),
  16: (row, i, little) => row.getUint16(2 * i, little),
  32: (row, i, little) => row.getUint32(4 * i, little),
};

/** The reader of such samples, or null. */
function readerOf(bits: number, number: TiffNumber | null): Reader | null {
  if (number === "float") return FLOATS[bits] ?? null;
  if (number === "signed") return SIGNED[bits] ?? null;
  if (number === null) return null;
  return UNSIGNED[bits] ?? (bits >= 1 && bits < 16 ? (row, i) => bitsAt(row, i * bits, bits) : null);
}

/** A number of up to 15 bits, the highest first, of which each row begins a byte. */
function bitsAt(row: DataView, first: number, bits: number): number {
  let value = 0;
  for (let at = first; at < first + bits;) {
    const taken = Math.min(8 - (at & 7), first + bits - at);
    value = value << taken | row.getUint8(at >> 3) >> (8 - (at & 7) - taken) & ((1 << taken) - 1);
    at += taken;
  }
  return value;
}

function typeOf({ bits, number }: TiffLayout) {
  if (number !== "unsigned" || bits > 16) return Float32Array;
  return bits > 8 ? Uint16Array : Uint8Array;
}
