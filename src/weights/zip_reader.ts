/**
 * The part of zip that PyTorch's checkpoints use, in memory: stored and deflated entries, zip64, checked CRCs.
 * This module is browser compatible.
 *
 * The directory at the end is authoritative, and everything else must agree with it. Offsets and sizes are checked
 * against the file before anything is allocated. Constants follow PKWARE's APPNOTE 6.3.
 *
 * @module
 */
import { crc32 } from "../crc32.ts";
import { quote } from "./message.ts";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
/** Deflate cannot expand one byte to more than this many. */
const MAX_DEFLATE_RATIO = 1032;

interface Entry {
  name: string;
  deflated: boolean;
  crc: number;
  compressedBytes: number;
  byteLength: number;
  headerStart: number;
  dataStart: number;
}

/** A zip in memory. The directory is read and checked at once, entries are unpacked on demand. */
export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #entries = new Map<string, Entry>();
  readonly #maxInflatedBytes: number;
  #inflatedBytes = 0;

  /**
   * Reads the directory.
   *
   * @param bytes the whole archive
   * @param maxInflatedBytes limit on the total unpacked size of the deflated entries that are read
   * @throws {SyntaxError} if the directory is damaged, incomplete or contradicts the entries
   */
  constructor(bytes: Uint8Array, maxInflatedBytes: number) {
    this.#bytes = bytes;
    this.#maxInflatedBytes = maxInflatedBytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const directory = findDirectory(view);
    let at = directory.start;
    for (let index = 0; index < directory.entryCount; index++) {
      const { entry, next } = readCentralHeader(bytes, view, at, directory.end);
      if (this.#entries.has(entry.name)) throw fault(`entry ${quote(entry.name)} occurs twice`);
      this.#entries.set(entry.name, entry);
      at = next;
    }
    if (at !== directory.end) throw fault("its directory is longer than its entries");
    checkOverlaps([...this.#entries.values()], directory.start);
  }

  /** The entries' names, in the directory's order. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The unpacked size of an entry in bytes, or -1 if it does not exist. */
  byteLength(name: string): number {
    return this.#entries.get(name)?.byteLength ?? -1;
  }

  /**
   * Unpacks an entry and checks its CRC; a stored entry is returned as a view of the archive's bytes.
   *
   * @throws {SyntaxError} if the entry is missing or damaged
   * @throws {RangeError} if the entries read so far unpack to more than the archive's limit
   */
  async read(name: string): Promise<Uint8Array> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw fault(`entry ${quote(name)} is missing`);
    const { dataStart, compressedBytes } = entry;
    const packed = this.#bytes.subarray(dataStart, dataStart + compressedBytes);
    const bytes = entry.deflated ? await this.#inflate(entry, packed) : packed;
    const crc = crc32(bytes);
    if (crc !== entry.crc) {
      throw fault(
        `${quote(name)} is damaged: its CRC-32 is ${hex(crc)}, the directory says ${hex(entry.crc)}`,
      );
    }
    return bytes;
  }

  async #inflate({ name, byteLength }: Entry, packed: Uint8Array): Promise<Uint8Array> {
    this.#inflatedBytes += byteLength;
    if (this.#inflatedBytes > this.#maxInflatedBytes) {
      throw new RangeError(
        `Cannot read zip: its entries unpack to more than ${this.#maxInflatedBytes} bytes, the limit for its size`,
      );
    }
    let bytes: Uint8Array | null;
    try {
      bytes = await inflateRaw(packed, byteLength);
    } catch (error) {
      throw fault(`${quote(name)} does not unpack (${(error as Error).message})`);
    }
    if (bytes === null) {
      throw fault(`${quote(name)} does not unpack to the ${byteLength} bytes of its directory`);
    }
    return bytes;
  }
}

/**
 * Inflates raw deflate data of a known length; null if it has another length. Bytes after the data are an error of the
 * stream.
 */
async function inflateRaw(packed: Uint8Array, byteLength: number): Promise<Uint8Array | null> {
  const source = new Blob([packed as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const bytes = new Uint8Array(byteLength);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return length === byteLength ? bytes : null;
    if (length + value.length > byteLength) {
      await reader.cancel();
      return null;
    }
    bytes.set(value, length);
    length += value.length;
  }
}

/** Finds the end record, and the zip64 one if there is one, and checks where they place the directory. */
function findDirectory(view: DataView): { start: number; end: number; entryCount: number } {
  const last = view.byteLength - 22;
  let at = last;
  // A comment may follow the end record, which states its length: anything else is not an end record.
  while (at >= 0 && !(view.getUint32(at, true) === END && view.getUint16(at + 20, true) === last - at)) {
    at = at > last - 0xffff ? at - 1 : -1;
  }
  if (at < 0) throw fault("it has no end record: the file is truncated or not a zip");
  const records = {
    disk: view.getUint16(at + 4, true) | view.getUint16(at + 6, true),
    entryCount: view.getUint16(at + 10, true),
    byteLength: view.getUint32(at + 12, true),
    start: view.getUint32(at + 16, true),
  };
  if (records.disk !== 0) throw fault("it is one volume of several");
  let { entryCount, byteLength, start } = records;
  let recordsStart = at;
  if (at >= 20 && view.getUint32(at - 20, true) === ZIP64_LOCATOR) {
    recordsStart = readOffset(view, at - 12);
    if (recordsStart + 56 > at - 20 || view.getUint32(recordsStart, true) !== ZIP64_END) {
      throw fault("its zip64 end record is not where its locator says");
    }
    entryCount = agree(records.entryCount, 0xffff, readOffset(view, recordsStart + 32));
    byteLength = agree(records.byteLength, 0xffffffff, readOffset(view, recordsStart + 40));
    start = agree(records.start, 0xffffffff, readOffset(view, recordsStart + 48));
  }
  const end = start + byteLength;
  if (end > recordsStart) throw fault("its directory lies outside the file");
  return { start, end, entryCount };
}

/** The zip64 value, which the small field must equal unless it holds the escape for "too large". */
function agree(small: number, escape: number, large: number): number {
  if (small !== escape && small !== large) throw fault("its two end records disagree");
  return large;
}

function readCentralHeader(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  directoryEnd: number,
): { entry: Entry; next: number } {
  if (at + 46 > directoryEnd || view.getUint32(at, true) !== CENTRAL_HEADER) {
    throw fault("its directory is damaged");
  }
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const nameEnd = at + 46 + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > directoryEnd) throw fault("its directory is damaged");
  const nameBytes = bytes.subarray(at + 46, nameEnd);
  const name = decodeName(nameBytes);
  if ((flags & ENCRYPTED_FLAG) !== 0) throw fault(`${quote(name)} is encrypted`);
  if (method !== STORED && method !== DEFLATED) {
    throw fault(`${quote(name)} uses compression method ${method}; expected stored or deflated`);
  }
  const sizes = readSizes(view, at, nameEnd, extraEnd, name);
  const { compressedBytes, byteLength } = sizes;
  if (
    method === STORED
      ? byteLength !== compressedBytes
      : byteLength > MAX_DEFLATE_RATIO * (compressedBytes + 1)
  ) {
    throw fault(`${quote(name)} claims to unpack from ${compressedBytes} to ${byteLength} bytes`);
  }
  const dataStart = readLocalHeader(bytes, view, sizes.headerStart, nameBytes, method, name);
  const crc = view.getUint32(at + 16, true);
  return { entry: { name, deflated: method === DEFLATED, crc, dataStart, ...sizes }, next };
}

/** Sizes and offset of an entry; those that do not fit 32 bits are in its zip64 field, in this order. */
function readSizes(view: DataView, at: number, extraStart: number, extraEnd: number, name: string) {
  const values = [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ];
  if (values.includes(0xffffffff)) {
    let field = extraStart;
    while (field + 4 <= extraEnd && view.getUint16(field, true) !== 1) {
      field += 4 + view.getUint16(field + 2, true);
    }
    const fieldEnd = field + 4 <= extraEnd ? field + 4 + view.getUint16(field + 2, true) : field;
    field += 4;
    for (let index = 0; index < values.length; index++) {
      if (values[index] !== 0xffffffff) continue;
      if (field + 8 > Math.min(fieldEnd, extraEnd)) throw fault(`${quote(name)} lacks its zip64 sizes`);
      values[index] = readOffset(view, field);
      field += 8;
    }
  }
  const [byteLength, compressedBytes, headerStart] = values as [number, number, number];
  return { byteLength, compressedBytes, headerStart };
}

/** Checks an entry's local header against the directory; returns the offset of its data. */
function readLocalHeader(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  nameBytes: Uint8Array,
  method: number,
  name: string,
): number {
  const nameStart = at + 30;
  if (nameStart + nameBytes.length > bytes.length || view.getUint32(at, true) !== LOCAL_HEADER) {
    throw fault(`${quote(name)} is not where the directory says`);
  }
  const localName = bytes.subarray(nameStart, nameStart + view.getUint16(at + 26, true));
  const sameName = localName.length === nameBytes.length &&
    localName.every((byte, index) => byte === nameBytes[index]);
  if (!sameName || view.getUint16(at + 8, true) !== method) {
    throw fault(`${quote(name)} differs from its entry in the directory`);
  }
  return nameStart + nameBytes.length + view.getUint16(at + 28, true);
}

/** Entries that share bytes let a small file unpack to a huge one; no valid archive has them. */
function checkOverlaps(entries: Entry[], directoryStart: number): void {
  let free = 0;
  for (const entry of entries.sort((a, b) => a.headerStart - b.headerStart)) {
    const end = entry.dataStart + entry.compressedBytes;
    if (end > directoryStart) throw fault(`${quote(entry.name)} extends into the directory`);
    if (entry.headerStart < free) throw fault(`${quote(entry.name)} overlaps another entry`);
    free = end;
  }
}

function readOffset(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(view.byteLength)) {
    // Only an inflated size may exceed the file, which is all in memory.
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fault(`it holds the impossible size ${value}`);
  }
  return Number(value);
}

function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw fault("it holds a name that is not UTF-8");
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function fault(what: string): SyntaxError {
  return new SyntaxError(`Cannot read zip: ${what}`);
}
