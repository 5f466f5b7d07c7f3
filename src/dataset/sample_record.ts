/**
 * A prepared sample as bytes: the resized image's float32 values, not yet normalised, one plane where it has no
 * colour and three where it has, then the resized mask, a bit a pixel. Little-endian, as every machine with WebGPU.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { Mask } from "../image/mask.ts";
import { type Moments, normalizePlanes } from "../image/normalize.ts";

/** Where a sample's record lies, and what is needed to read it. */
export interface RecordPlace {
  /** The file that holds it, or the memory. */
  readonly source: string | SharedArrayBuffer;
  /** Its first byte there. */
  readonly offset: number;
  /** The image's planes. */
  readonly channels: 1 | 3;
  /** The image's own mean and deviation. */
  readonly moments: Moments;
  /** CRC-32 of the record. */
  readonly checksum: number;
}

/** Bytes of a record: a multiple of 8. */
export function recordByteLength(size: number, channels: 1 | 3): number {
  return 8 * Math.ceil((4 * channels * size * size + Math.ceil(size * size / 8)) / 8);
}

/** A mask, a bit a pixel, the first pixel in the lowest bit. */
export function packMask({ data }: Mask): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(Math.ceil(data.length / 8));
  for (let i = 0; i < data.length; i++) bits[i >> 3]! |= data[i]! << (i & 7);
  return bits;
}

/** Puts a record together from `[channels, size, size]` values and a packed mask. */
export function buildRecord(
  planes: Float32Array,
  maskBits: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  const channels = planes.length === size * size ? 1 : 3;
  const record = new Uint8Array(recordByteLength(size, channels));
  record.set(new Uint8Array(planes.buffer, planes.byteOffset, planes.byteLength));
  record.set(maskBits, planes.byteLength);
  return record;
}

/** Reads records of one image size. */
export class RecordReader {
  readonly #size: number;
  readonly #scratch: Uint8Array<ArrayBuffer>;
  #file: { path: string; handle: Deno.FsFile } | undefined;

  /** Reads records of images with `size` pixels a side. */
  constructor(size: number) {
    this.#size = size;
    this.#scratch = new Uint8Array(recordByteLength(size, 3));
  }

  /** Writes a sample into `image`, `[3, size, size]` normalised, and `mask`, `[size, size]` of 0 and 1. */
  readSample(
    place: RecordPlace,
    normalize: "imagenet" | "picture",
    image: Float32Array,
    mask: Float32Array | Uint8Array,
  ): void {
    const { planes, maskBits } = this.#read(place);
    normalizePlanes(planes, image, normalize === "picture" ? place.moments : null);
    for (let i = 0; i < mask.length; i++) mask[i] = (maskBits[i >> 3]! >> (i & 7)) & 1;
  }

  /** Closes the file that was read last; reading opens it again. */
  close(): void {
    this.#file?.handle.close();
    this.#file = undefined;
  }

  /** A record's two parts, until the next one is read. */
  #read(place: RecordPlace): { planes: Float32Array; maskBits: Uint8Array } {
    const { source, offset, channels, checksum } = place;
    const byteLength = recordByteLength(this.#size, channels);
    let record: Uint8Array;
    if (typeof source === "string") {
      record = this.#scratch.subarray(0, byteLength);
      if (!readAt(this.#open(source), offset, record) || crc32(record) !== checksum) {
        throw new Error(
          `Cannot read a prepared sample from ${source}: it changed since the file was opened\n` +
            "hint: run again; prepared images are checked and made anew at the start",
        );
      }
    } else {
      record = new Uint8Array(source, offset, byteLength);
    }
    const values = channels * this.#size * this.#size;
    const planes = new Float32Array(record.buffer, record.byteOffset, values);
    return { planes, maskBits: record.subarray(4 * values) };
  }

  #open(path: string): Deno.FsFile {
    if (this.#file?.path !== path) {
      this.close();
      this.#file = { path, handle: Deno.openSync(path) };
    }
    return this.#file!.handle;
  }
}

/** Fills `bytes` from an open file, from `offset` on; false where the file ends before. */
export function readAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): boolean {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let filled = 0; filled < bytes.length;) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) return false;
    filled += count;
  }
  return true;
}
