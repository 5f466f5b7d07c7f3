/**
 * The file that stores the prepared samples of a split: a signature of eight letters, the records
 * (`sample_record.ts`), an index in JSON, and a trailer with the index's offset, length and CRC-32 and the signature
 * again.
 *
 * It is written under a temporary name and renamed when complete, and verified as a whole when opened: a partial or
 * damaged file is never used.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { LEAST_DEVIATION } from "../image/normalize.ts";
import { isSampleRange } from "../image/sample_range.ts";
import { TemporaryName } from "../fs/temporary_name.ts";
import { PROBLEM_KINDS, type ProblemKind } from "../coco/problems.ts";
import { type Share, WHOLE } from "../ranks/share.ts";
import { formatSize, type InputExtents, inputSize } from "../image/input_frame.ts";
import { recordByteLength, type RecordPlace, recordSize } from "./sample_record.ts";
import {
  integerOf,
  listOf,
  numberOf,
  objectOf,
  oneOf,
  orMissing,
  recordOf,
  type Shape,
  TEXT,
  valueOf,
} from "../fs/json_shape.ts";
import { MAX_LABEL_PIXELS } from "../image/label_map.ts";
import { bandLengths } from "./whole_record.ts";
import { openRegular } from "../fs/bounded_read.ts";
import { byteLengthOf, readAt } from "../fs/read_at.ts";
import { writeWholeSync } from "../fs/write_whole.ts";

/**
 * To be raised when the same files yield other records: another decoder, other arithmetic, another layout.
 */
const VERSION = 3;

const SIGNATURE = new TextEncoder().encode("UNETSMPL");

/** Bytes after the index: its offset (float64), length and CRC-32 (uint32), and the signature. */
const TRAILER_BYTES = 24;

/** The largest float32. */
const MAX_FLOAT = 3.4028234663852886e38;

/** What a sample was prepared from. */
export interface SampleSource {
  /** SHA-256 of the image's file. */
  readonly image: string;
  /** The sample's `labelKey()`. */
  readonly labels: string;
  /** The decoder's version; see `decoderOf`. */
  readonly decoder?: 2;
}

/** A prepared sample. */
export interface CachedRecord extends SampleSource, Omit<RecordPlace, "source"> {
  /** Foreground pixels of the resized label map. */
  readonly foregroundPixels: number;
  /** Ignored pixels of the resized label map; absent for none. */
  readonly ignoredPixels?: number;
}

/** A sample that could not be prepared. */
export interface CachedFailure extends SampleSource {
  /** The kind of problem. */
  readonly kind: ProblemKind;
  /** The details. */
  readonly reason: string;
}

/** The index of a cache file. */
export interface CacheIndex {
  /** Width of the prepared images, and height unless `form` says otherwise. */
  readonly size: number;
  /** As {@linkcode formName}; absent for squares to which images are stretched. */
  readonly form?: string;
  /** The prepared samples, in any order. */
  readonly records: readonly CachedRecord[];
  /** The samples that are known to fail. */
  readonly failures: readonly CachedFailure[];
}

/** The form of prepared images in names and indices of files; nothing for squares to which images are stretched. */
export function formName(extents: InputExtents): string | undefined {
  const { fit, patch, scale = 1 } = extents;
  const size = formatSize(extents);
  if (patch !== undefined) return scale === 1 ? "whole" : `whole-${scale}`;
  if (fit === "pad") return `${size}-pad`;
  return size.includes("x") ? size : undefined;
}

/**
 * Opens a cache file for images of this form and verifies every byte, or a rank's share of the records. Null if there is none, or one of another version or
 * size; a string that tells how the file is damaged.
 */
export async function openCache(
  path: string,
  extents: InputExtents,
  share: Share = WHOLE,
): Promise<CacheIndex | string | null> {
  let file: Deno.FsFile;
  try {
    file = await openRegular(path);
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? null : `it cannot be read: ${(error as Error).message}`;
  }
  using open = file;
  const index = readIndex(open);
  if (typeof index === "string") return index;
  if (index === null || index.form !== formName(extents)) return null;
  if (extents.patch !== undefined) return verifyBands(open, index, share);
  if (index.size !== extents.size) return null;
  const size = inputSize(extents);
  const scratch = new Uint8Array(recordByteLength(size, 3, 8));
  for (const [place, record] of index.records.entries()) {
    if (place % share.size !== share.rank) continue;
    const { offset, channels, labelBits, checksum } = record;
    const { width, height } = recordSize(record, size);
    if (width > size.width || height > size.height) return "a record is larger than its images";
    const bytes = scratch.subarray(0, recordByteLength({ width, height }, channels, labelBits));
    if (!readAt(open, offset, bytes) || crc32(bytes) !== checksum) {
      return "the checksum of a record does not match";
    }
  }
  return index;
}

/** Verifies records in bands, which may be as large as images are. */
function verifyBands(file: Deno.FsFile, index: CacheIndex, share: Share): CacheIndex | string {
  for (const [place, { offset, channels, extent, bands, positions }] of index.records.entries()) {
    if (extent === undefined || bands === undefined || positions === undefined) {
      return "a record has no bands";
    }
    const [width, height] = extent;
    const pixels = width * height;
    if (pixels > MAX_LABEL_PIXELS) return "a record is larger than images are";
    if (Object.values(positions).some((list) => list.some((at) => at >= pixels))) {
      return "a record has labels outside its image";
    }
    const lengths = bandLengths({ width, height }, channels, bands.sampleBytes);
    if (lengths.length !== bands.checksums.length) return "a record has other bands than its size";
    if (place % share.size !== share.rank) continue;
    let at = offset;
    for (const [band, length] of lengths.entries()) {
      const bytes = new Uint8Array(length);
      if (!readAt(file, at, bytes) || crc32(bytes) !== bands.checksums[band]) {
        return "the checksum of a record does not match";
      }
      at += length;
    }
  }
  return index;
}

/** The index; null if it is of another version. */
function readIndex(file: Deno.FsFile): CacheIndex | string | null {
  const byteLength = byteLengthOf(file);
  const trailer = new Uint8Array(TRAILER_BYTES);
  if (byteLength < TRAILER_BYTES || !readAt(file, byteLength - TRAILER_BYTES, trailer)) {
    return "it is truncated";
  }
  const view = new DataView(trailer.buffer);
  const offset = view.getFloat64(0, true);
  const length = view.getUint32(8, true);
  if (
    !SIGNATURE.every((letter, i) => trailer[16 + i] === letter) || !Number.isSafeInteger(offset) ||
    offset < 0 ||
    offset + length + TRAILER_BYTES !== byteLength
  ) {
    return "its trailer is missing";
  }
  const text = new Uint8Array(length);
  if (!readAt(file, offset, text) || crc32(text) !== view.getUint32(12, true)) return "its index is damaged";
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder().decode(text));
  } catch {
    return "its index is not JSON";
  }
  const fault = VERSIONED(index, "index");
  if (fault !== null) return fault;
  if ((index as { version: number }).version !== VERSION) return null;
  // A checksum proves that the index is as it was written, not that this program wrote it.
  return indexShape(offset)(index, "index") ?? index as CacheIndex;
}

const VERSIONED = objectOf({ version: integerOf() });

/** What an index looks like whose file has its records before the byte `end`. */
function indexShape(end: number): Shape {
  const source = { image: TEXT, labels: TEXT, decoder: orMissing(oneOf(2)) };
  const range = valueOf("a range", isSampleRange);
  const record = objectOf({
    ...source,
    offset: integerOf(SIGNATURE.length, end),
    channels: oneOf(1, 3),
    labelBits: oneOf(1, 8),
    checksum: integerOf(0, 2 ** 32 - 1),
    foregroundPixels: integerOf(),
    ignoredPixels: orMissing(integerOf()),
    overlaps: orMissing(listOf(listOf(integerOf(1, 254)))),
    samples: orMissing(objectOf({ fullScale: oneOf(1, 0xffff), range })),
    extent: orMissing(valueOf("a size", isExtent)),
    bands: orMissing(objectOf({ sampleBytes: oneOf(1, 4), checksums: listOf(integerOf(0, 2 ** 32 - 1)) })),
    positions: orMissing(recordOf(listOf(integerOf()))),
  });
  const small = objectOf({
    moments: objectOf({ mean: numberOf(-1, 2), deviation: numberOf(LEAST_DEVIATION, 2) }),
  });
  const momentsFit: Shape = (value, path) => {
    const { samples, moments } = value as Partial<CachedRecord>;
    if (samples?.fullScale !== 1) return small(value, path);
    // Floating-point samples have any magnitude, but a deviation in proportion.
    const least = Math.max(Number.MIN_VALUE, LEAST_DEVIATION / 2 * Math.abs(moments?.mean ?? 0));
    return objectOf({ mean: numberOf(-MAX_FLOAT, MAX_FLOAT), deviation: numberOf(least, MAX_FLOAT) })(
      moments,
      `${path}.moments`,
    );
  };
  const failure = objectOf({ ...source, kind: oneOf(...Object.keys(PROBLEM_KINDS)), reason: TEXT });
  return objectOf({
    size: integerOf(1),
    form: orMissing(TEXT),
    records: listOf((value, path) => record(value, path) ?? momentsFit(value, path)),
    failures: listOf(failure),
  });
}

function isExtent(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 &&
    value.every((extent) => Number.isInteger(extent) && extent >= 1);
}

/** Writes a cache file. */
export class CacheWriter {
  readonly #path: string;
  readonly #temporary: TemporaryName;
  readonly #file: Deno.FsFile;
  #byteLength = 0;

  /** Starts the file that will be renamed to `path`, and removes leftovers of killed runs. */
  static async create(path: string): Promise<CacheWriter> {
    const temporary = await TemporaryName.claim(path);
    let file: Deno.FsFile;
    try {
      file = await Deno.open(temporary.path, { write: true, createNew: true });
    } catch (error) {
      await temporary[Symbol.asyncDispose]();
      throw error;
    }
    const writer = new CacheWriter(path, temporary, file);
    writer.add(SIGNATURE);
    return writer;
  }

  private constructor(path: string, temporary: TemporaryName, file: Deno.FsFile) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  /** Appends bytes; returns their offset. */
  add(bytes: Uint8Array): number {
    const offset = this.#byteLength;
    writeWholeSync(this.#file, bytes);
    this.#byteLength += bytes.length;
    return offset;
  }

  /** Writes the index, closes the file and renames it; returns its length in bytes. */
  async finish(index: CacheIndex): Promise<number> {
    const text = new TextEncoder().encode(JSON.stringify({ version: VERSION, ...index }));
    const trailer = new Uint8Array(TRAILER_BYTES);
    const view = new DataView(trailer.buffer);
    view.setFloat64(0, this.add(text), true);
    view.setUint32(8, text.length, true);
    view.setUint32(12, crc32(text), true);
    trailer.set(SIGNATURE, 16);
    this.add(trailer);
    await this.#file.sync();
    this.#file.close();
    await Deno.rename(this.#temporary.path, this.#path);
    await this.#temporary[Symbol.asyncDispose]();
    return this.#byteLength;
  }

  /** Removes what was written; an earlier file stays. */
  async discard(): Promise<void> {
    try {
      this.#file.close();
    } catch {
      // Already closed by a `finish` that could not rename.
    }
    await this.#temporary[Symbol.asyncDispose]();
  }
}
