/**
 * A prepared sample as bytes: the resized image's float32 values before normalization, one plane if it has no color,
 * else three; then the resized label map, 1 or 8 bits per pixel. Little-endian, like every machine with WebGPU.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { readAt } from "../fs/read_at.ts";
import type { LabelMap } from "../image/label_map.ts";
import { type InputForm, normalizeSamples, type SampleScale } from "../image/network_input.ts";
import type { Moments } from "../image/normalize.ts";

/** Bits per label: 1 for a binary map (labels 0 and 1), 8 for any other. */
export type LabelBits = 1 | 8;

/** Where a sample's record lies, and what reading it requires. */
export interface RecordPlace {
  /** The file that holds it, or the memory. */
  readonly source: string | SharedArrayBuffer;
  /** The offset of its first byte. */
  readonly offset: number;
  /** The image's planes. */
  readonly channels: 1 | 3;
  /** Bits per label. */
  readonly labelBits: LabelBits;
  /** The image's own mean and deviation. */
  readonly moments: Moments;
  /** For an image of more than 8 bits, what scaling it to a range requires. */
  readonly samples?: SampleScale;
  /** CRC-32 of the record. */
  readonly checksum: number;
  /** The classes of labels that stand for several, as in `LabelMap`; absent if no classes overlap. */
  readonly overlaps?: LabelMap["overlaps"];
}

/** A label map in as few bits as its labels need. */
export interface PackedLabels {
  /** Bits per label. */
  readonly labelBits: LabelBits;
  /** The labels, row-major; of 1-bit labels, the first pixel is in the lowest bit. */
  readonly labels: ArrayBuffer;
}

/** Bytes of a record: a multiple of 8. */
export function recordByteLength(size: number, channels: 1 | 3, labelBits: LabelBits): number {
  return 8 * Math.ceil((4 * channels * size * size + Math.ceil(labelBits * size * size / 8)) / 8);
}

/** Packs a label map: 1 bit per pixel if it is binary, else a byte. */
export function packLabels({ data }: LabelMap): PackedLabels {
  if (data.some((label) => label > 1)) return { labelBits: 8, labels: data.slice().buffer };
  const bits = new Uint8Array(Math.ceil(data.length / 8));
  for (let i = 0; i < data.length; i++) bits[i >> 3]! |= data[i]! << (i & 7);
  return { labelBits: 1, labels: bits.buffer };
}

/** Assembles a record from `[channels, size, size]` values and packed labels. */
export function buildRecord(
  planes: Float32Array,
  { labelBits, labels }: PackedLabels,
  size: number,
): Uint8Array<ArrayBuffer> {
  const channels = planes.length === size * size ? 1 : 3;
  const record = new Uint8Array(recordByteLength(size, channels, labelBits));
  record.set(new Uint8Array(planes.buffer, planes.byteOffset, planes.byteLength));
  record.set(new Uint8Array(labels), planes.byteLength);
  return record;
}

/** Reads records of one image size. */
export class RecordReader {
  readonly #size: number;
  readonly #scratch: Uint8Array<ArrayBuffer>;
  #file: { path: string; handle: Deno.FsFile } | undefined;

  /** Reads records of images of `size` x `size` pixels. */
  constructor(size: number) {
    this.#size = size;
    this.#scratch = new Uint8Array(recordByteLength(size, 3, 8));
  }

  /** Writes a sample into `image`, `[3, size, size]` normalized, and `labels`, `[size, size]`. */
  readSample(
    place: RecordPlace,
    form: Omit<InputForm, "size">,
    image: Float32Array,
    labels: Uint8Array,
  ): void {
    const { planes, packed } = this.#read(place);
    const { moments, samples = null } = place;
    normalizeSamples({ planes, moments, samples }, image, form);
    if (place.labelBits === 8) labels.set(packed.subarray(0, labels.length));
    else for (let i = 0; i < labels.length; i++) labels[i] = (packed[i >> 3]! >> (i & 7)) & 1;
  }

  /** Closes the file that was read last; the next read opens it again. */
  close(): void {
    this.#file?.handle.close();
    this.#file = undefined;
  }

  /** The two parts of a record, valid until the next read. */
  #read(place: RecordPlace): { planes: Float32Array; packed: Uint8Array } {
    const { source, offset, channels, labelBits, checksum } = place;
    const byteLength = recordByteLength(this.#size, channels, labelBits);
    let record: Uint8Array;
    if (typeof source === "string") {
      record = this.#scratch.subarray(0, byteLength);
      if (!readAt(this.#open(source), offset, record) || crc32(record) !== checksum) {
        throw new Error(
          `Cannot read a prepared sample from ${source}: the file changed since it was opened\n` +
            "hint: run again; prepared images are checked and rebuilt at the start",
        );
      }
    } else {
      record = new Uint8Array(source, offset, byteLength);
    }
    const values = channels * this.#size * this.#size;
    const planes = new Float32Array(record.buffer, record.byteOffset, values);
    return { planes, packed: record.subarray(4 * values) };
  }

  #open(path: string): Deno.FsFile {
    if (this.#file?.path !== path) {
      this.close();
      this.#file = { path, handle: Deno.openSync(path) };
    }
    return this.#file!.handle;
  }
}
