/**
 * A prepared sample as bytes: the resized image's float32 values before normalization, one plane if it has no color,
 * else three; then the resized label map, 1 or 8 bits per pixel. Little-endian, like every machine with WebGPU.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { fillsFrame, type Frame, padPlanes } from "../image/input_frame.ts";
import { IGNORE, type LabelMap } from "../image/label_map.ts";
import { type InputForm, normalizeSamples, type SampleScale } from "../image/network_input.ts";
import type { Moments } from "../image/normalize.ts";
import type { LabelPositions } from "./patches.ts";
import { RecordFile } from "./record_file.ts";
import type { Bands } from "./whole_record.ts";

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
  /** Width and height of the resized image; absent if they are those of the network's input. */
  readonly extent?: readonly [width: number, height: number];
  /** Of a record in bands, what reading them takes; see `whole_record.ts`. */
  readonly bands?: Bands;
  /** Of a record in bands, pixels of its labels. */
  readonly positions?: LabelPositions;
}

/** A label map in as few bits as its labels need. */
export interface PackedLabels {
  /** Bits per label. */
  readonly labelBits: LabelBits;
  /** The labels, row-major; of 1-bit labels, the first pixel is in the lowest bit. */
  readonly labels: ArrayBuffer;
}

/** Bytes of a record: a multiple of 8. */
export function recordByteLength({ width, height }: Size, channels: 1 | 3, labelBits: LabelBits): number {
  const pixels = width * height;
  return 8 * Math.ceil((4 * channels * pixels + Math.ceil(labelBits * pixels / 8)) / 8);
}

/** The size of a record's image, in a split of images of `size` unless they are padded. */
export function recordSize({ extent }: Pick<RecordPlace, "extent">, size: Size): Size {
  return extent === undefined ? size : { width: extent[0], height: extent[1] };
}

/** Packs a label map: 1 bit per pixel if it is binary, else a byte. */
export function packLabels({ data }: LabelMap): PackedLabels {
  for (let i = 0; i < data.length; i++) {
    if (data[i]! > 1) return { labelBits: 8, labels: data.slice().buffer };
  }
  const bits = new Uint8Array(Math.ceil(data.length / 8));
  const whole = data.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    bits[i >> 3] = data[i]! | data[i + 1]! << 1 | data[i + 2]! << 2 | data[i + 3]! << 3 | data[i + 4]! << 4 |
      data[i + 5]! << 5 | data[i + 6]! << 6 | data[i + 7]! << 7;
  }
  for (let i = whole; i < data.length; i++) bits[i >> 3]! |= data[i]! << (i & 7);
  return { labelBits: 1, labels: bits.buffer };
}

/** Assembles a record from `[channels, height, width]` values and packed labels. */
export function buildRecord(
  planes: Float32Array,
  { labelBits, labels }: PackedLabels,
  size: Size,
): Uint8Array<ArrayBuffer> {
  const channels = planes.length === size.width * size.height ? 1 : 3;
  const record = new Uint8Array(recordByteLength(size, channels, labelBits));
  record.set(new Uint8Array(planes.buffer, planes.byteOffset, planes.byteLength));
  record.set(new Uint8Array(labels), planes.byteLength);
  return record;
}

/** Reads records of images of a size, or smaller ones that are padded to it. */
export class RecordReader {
  readonly #size: Size;
  readonly #scratch: Uint8Array<ArrayBuffer>;
  readonly #file = new RecordFile();

  /** Reads records of images of at most this size. */
  constructor(size: Size) {
    this.#size = size;
    this.#scratch = new Uint8Array(recordByteLength(size, 3, 8));
  }

  /**
   * Writes a sample into `image`, `[3, height, width]` normalized, and `labels`, `[height, width]`, both of the frame's
   * size; padding is 0, and its labels are ignored ones.
   */
  readSample(
    place: RecordPlace,
    form: Pick<InputForm, "normalize" | "range">,
    frame: Frame,
    image: Float32Array,
    labels: Uint8Array,
  ): void {
    if (fillsFrame(frame)) return this.#readInner(place, form, image, labels);
    const pixels = frame.inner.width * frame.inner.height;
    const [values, inner] = [new Float32Array(3 * pixels), new Uint8Array(pixels)];
    this.#readInner(place, form, values, inner);
    padPlanes(values, frame, image.fill(0));
    padPlanes(inner, frame, labels.fill(IGNORE));
  }

  #readInner(
    place: RecordPlace,
    form: Pick<InputForm, "normalize" | "range">,
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
    this.#file.close();
  }

  /** The two parts of a record, valid until the next read. */
  #read(place: RecordPlace): { planes: Float32Array; packed: Uint8Array } {
    const { source, offset, channels, labelBits, checksum } = place;
    const size = recordSize(place, this.#size);
    const byteLength = recordByteLength(size, channels, labelBits);
    const record = this.#file.read(source, offset, byteLength, checksum, this.#scratch);
    const values = channels * size.width * size.height;
    const planes = new Float32Array(record.buffer, record.byteOffset, values);
    return { planes, packed: record.subarray(4 * values) };
  }
}
