/**
 * A prepared image of any size as bytes, in bands of rows that can be read by themselves: of each band the planes of its
 * rows, samples of 8 bits as they are and others as float32, then a byte per label. Little-endian.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { Size } from "../image/image.ts";
import { type InputForm, normalizeSamples } from "../image/network_input.ts";
import { reflectIndices } from "../image/reflect.ts";
import { IGNORE } from "../image/label_map.ts";
import { RecordFile } from "./record_file.ts";
import type { RecordPlace } from "./sample_record.ts";

/** What reading a band takes, besides what every record has. */
export interface Bands {
  /** Bytes of a sample. */
  readonly sampleBytes: 1 | 4;
  /** CRC-32 of each band. */
  readonly checksums: readonly number[];
}

/** A square of an image, which may reach past its edges. */
export interface PatchWindow {
  /** First column. */
  readonly x: number;
  /** First row. */
  readonly y: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** A record of bands; its size is that of its `extent`. */
export type WholePlace = RecordPlace & { readonly bands: Bands; readonly extent: readonly [number, number] };

/** Rows of a band. */
const BAND_ROWS = 64;

/** Bytes of each band of an image, in their order. */
export function bandLengths(size: Size, channels: 1 | 3, sampleBytes: 1 | 4): number[] {
  const row = size.width * (channels * sampleBytes + 1);
  return Array.from(
    { length: Math.ceil(size.height / BAND_ROWS) },
    (_, band) => row * Math.min(BAND_ROWS, size.height - band * BAND_ROWS),
  );
}

/** Bytes of a record. */
export function wholeByteLength(size: Size, channels: 1 | 3, sampleBytes: 1 | 4): number {
  return bandLengths(size, channels, sampleBytes).reduce((sum, bytes) => sum + bytes, 0);
}

/** Assembles a record from `[channels, height, width]` values, which with 1 byte per sample are multiples of 1 / 255. */
export function buildWholeRecord(
  planes: Float32Array,
  labels: Uint8Array,
  { width, height }: Size,
  sampleBytes: 1 | 4,
): { record: Uint8Array<ArrayBuffer>; bands: Bands } {
  const channels = planes.length === width * height ? 1 : 3;
  const lengths = bandLengths({ width, height }, channels, sampleBytes);
  const record = new Uint8Array(wholeByteLength({ width, height }, channels, sampleBytes));
  const checksums: number[] = [];
  let at = 0;
  for (const [band, length] of lengths.entries()) {
    const start = at;
    const [top, end] = [band * BAND_ROWS * width, Math.min(height, (band + 1) * BAND_ROWS) * width];
    for (let channel = 0; channel < channels; channel++) {
      const rows = planes.subarray(channel * width * height + top, channel * width * height + end);
      const bytes = sampleBytes === 1
        ? Uint8Array.from(rows, (value) => Math.round(255 * value))
        : new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
      record.set(bytes, at);
      at += bytes.length;
    }
    record.set(labels.subarray(top, end), at);
    at = start + length;
    checksums.push(crc32(record.subarray(start, at)));
  }
  return { record, bands: { sampleBytes, checksums } };
}

/** Reads parts of images. */
export class WholeReader {
  readonly #file = new RecordFile();
  #scratch = new Uint8Array();

  /**
   * Reads a window of an image: `[3, height, width]` normalized, and its labels. What lies outside the image is reflected,
   * and its labels are ignored ones.
   */
  read(
    place: WholePlace,
    form: Pick<InputForm, "normalize" | "range">,
    { x, y, width, height }: PatchWindow,
  ): { image: Float32Array<ArrayBuffer>; labels: Uint8Array<ArrayBuffer> } {
    const [fromWidth, fromHeight] = place.extent;
    const rows = reflectIndices(y, height, fromHeight);
    const columns = reflectIndices(x, width, fromWidth);
    const { planes: all, labels: allLabels, first, count } = this.#rows(place, rows);
    const planes = new Float32Array(place.channels * width * height);
    const labels = new Uint8Array(width * height);
    for (let row = 0, at = 0; row < height; row++) {
      const line = (rows[row]! - first) * fromWidth;
      const isInside = y + row >= 0 && y + row < fromHeight;
      for (let column = 0; column < width; column++, at++) {
        const from = line + columns[column]!;
        for (let channel = 0; channel < place.channels; channel++) {
          planes[channel * width * height + at] = all[channel * count * fromWidth + from]!;
        }
        labels[at] = isInside && x + column >= 0 && x + column < fromWidth ? allLabels[from]! : IGNORE;
      }
    }
    const image = new Float32Array(3 * width * height);
    normalizeSamples({ planes, moments: place.moments, samples: place.samples ?? null }, image, form);
    return { image, labels };
  }

  /** Closes the file; the next read opens it again. */
  close(): void {
    this.#file.close();
  }

  /** The bands of these rows: values `[channels, count, width]`, and labels `[count, width]`. */
  #rows(place: WholePlace, rows: Int32Array) {
    const [width, height] = place.extent;
    const { channels, bands: { sampleBytes, checksums }, source } = place;
    const [least, most] = [Math.min(...rows), Math.max(...rows)];
    const [firstBand, lastBand] = [Math.floor(least / BAND_ROWS), Math.floor(most / BAND_ROWS)];
    const first = firstBand * BAND_ROWS;
    const count = Math.min(height, (lastBand + 1) * BAND_ROWS) - first;
    const planes = new Float32Array(channels * count * width);
    const labels = new Uint8Array(count * width);
    const lengths = bandLengths({ width, height }, channels, sampleBytes);
    let offset = place.offset + lengths.slice(0, firstBand).reduce((sum, bytes) => sum + bytes, 0);
    for (let band = firstBand; band <= lastBand; band++) {
      const byteLength = lengths[band]!;
      if (this.#scratch.length < byteLength) this.#scratch = new Uint8Array(byteLength);
      const bytes = this.#file.read(source, offset, byteLength, checksums[band]!, this.#scratch);
      const values = byteLength / (channels * sampleBytes + 1);
      const to = (band - firstBand) * BAND_ROWS * width;
      for (let channel = 0; channel < channels; channel++) {
        const start = channel * values * sampleBytes;
        const part = bytes.subarray(start, start + values * sampleBytes);
        const target = planes.subarray(channel * count * width + to);
        // A copy, since floats must be aligned.
        if (sampleBytes === 4) target.set(new Float32Array(part.slice().buffer));
        else for (let at = 0; at < values; at++) target[at] = part[at]! / 255;
      }
      labels.set(bytes.subarray(byteLength - values), to);
      offset += byteLength;
    }
    return { planes, labels, first, count };
  }
}
