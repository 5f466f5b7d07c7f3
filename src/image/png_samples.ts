/**
 * PNG: from inflated bytes to samples (PNG 1.2, sections 2 and 6). The format's checks are in `formats/png.ts`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";

/** How the samples of a PNG are stored. */
export interface PngLayout extends Size {
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  readonly bits: number;
  /** Samples per pixel. */
  readonly channels: number;
  /** Whether the rows are in Adam7's seven passes. */
  readonly interlaced: boolean;
}

/** First column and row, and steps between columns and rows, of Adam7's seven passes. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A pass over the image: an image of its own, of every few columns and rows. */
interface Pass {
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a row, without its filter byte. */
  readonly rowBytes: number;
}

function passesOf({ width, height, bits, channels, interlaced }: PngLayout): Pass[] {
  const grid = interlaced ? ADAM7 : [[0, 0, 1, 1]] as const;
  return grid.map(([left, top, stepX, stepY]) => {
    const columns = Math.max(0, Math.ceil((width - left) / stepX));
    const rows = columns === 0 ? 0 : Math.max(0, Math.ceil((height - top) / stepY));
    return { left, top, stepX, stepY, columns, rows, rowBytes: Math.ceil(columns * bits * channels / 8) };
  });
}

/** Bytes of the filtered samples, including each row's filter byte. */
export function countPngBytes(layout: PngLayout): number {
  return passesOf(layout).reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
}

/**
 * The samples of `filtered`, which has {@linkcode countPngBytes} bytes: row-major, the channels of a pixel next to
 * each other, values as stored. Reverses the filters in place. Throws a SyntaxError for an unknown filter.
 */
export function readPngSamples(filtered: Uint8Array, layout: PngLayout): Uint8Array | Uint16Array {
  const { width, height, bits, channels } = layout;
  const samples = new (bits === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  const pixelBytes = Math.max(1, bits * channels / 8);
  let start = 0;
  for (const { left, top, stepX, stepY, columns, rows, rowBytes } of passesOf(layout)) {
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let y = 0; y < rows; y++, start += 1 + rowBytes) {
      const row = filtered.subarray(start + 1, start + 1 + rowBytes);
      reverseFilter(filtered[start]!, row, above, pixelBytes);
      above = row;
      const to = ((top + y * stepY) * width + left) * channels;
      unpackRow(row, bits, samples, to, columns * channels, channels, stepX * channels);
    }
  }
  return samples;
}

/** Stores the samples of a row: groups of `channels`, `step` samples from one group to the next. */
function unpackRow(
  row: Uint8Array,
  bits: number,
  samples: Uint8Array | Uint16Array,
  to: number,
  count: number,
  channels: number,
  step: number,
): void {
  if (step === channels && bits === 8) return samples.set(row, to);
  if (step === channels && bits === 16) {
    for (let i = 0; i < count; i++) samples[to + i] = row[2 * i]! << 8 | row[2 * i + 1]!;
    return;
  }
  const gap = step - channels;
  const mask = (1 << bits) - 1;
  for (let i = 0, channel = 0; i < count; i++) {
    samples[to++] = bits === 16
      ? row[2 * i]! << 8 | row[2 * i + 1]!
      : bits === 8
      ? row[i]!
      : row[i * bits >> 3]! >> (8 - bits - (i * bits & 7)) & mask;
    if (++channel === channels) {
      channel = 0;
      to += gap;
    }
  }
}

/** Replaces the differences in `row` by values; `above` is the row above, zeros for the first one of a pass. */
function reverseFilter(filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const { length } = row;
  if (filter === 0) return;
  if (filter === 1) {
    for (let i = pixelBytes; i < length; i++) row[i]! += row[i - pixelBytes]!;
  } else if (filter === 2) {
    for (let i = 0; i < length; i++) row[i]! += above[i]!;
  } else if (filter === 3) {
    // The first pixel has no left neighbor.
    for (let i = 0; i < pixelBytes && i < length; i++) row[i]! += above[i]! >> 1;
    for (let i = pixelBytes; i < length; i++) row[i]! += (row[i - pixelBytes]! + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < pixelBytes && i < length; i++) row[i]! += above[i]!;
    reversePaeth(row, above, pixelBytes);
  } else {
    throw new SyntaxError(`Cannot decode the PNG image: a row has the unknown filter ${filter}`);
  }
}

/**
 * From the second pixel on: adds, of the left, the upper and the upper left neighbor, the one closest to left + upper -
 * upper left.
 */
function reversePaeth(row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  for (let i = pixelBytes; i < row.length; i++) {
    const left = row[i - pixelBytes]!;
    const upper = above[i]!;
    const corner = above[i - pixelBytes]!;
    const toLeft = Math.abs(upper - corner);
    const toUpper = Math.abs(left - corner);
    const toCorner = Math.abs(left + upper - 2 * corner);
    row[i]! += toLeft <= toUpper && toLeft <= toCorner ? left : toUpper <= toCorner ? upper : corner;
  }
}
