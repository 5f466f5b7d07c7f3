/**
 * Finds a zip within bytes that has others before it or after it, such as a program, a header of a transfer or the
 * padding of a disk. This module is browser compatible.
 *
 * @module
 */

/** End of central directory record: 22 bytes and a comment of up to 65,535. */
export const END_RECORD_LENGTH = 22;
/** The longest comment behind it. */
export const MAX_COMMENT_LENGTH = 0xffff;

/** Bytes after an archive that are searched for its end record. */
const MAX_TRAILING_LENGTH = 1 << 20;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END_RECORD = 0x06064b50;
/** The length of a zip64 end record of version 1, and of its locator. */
const ZIP64_END_LENGTH = 56;
const ZIP64_LOCATOR_LENGTH = 20;

/** The bytes that are the archive. */
export interface ZipExtent {
  /** The first byte. */
  readonly start: number;
  /** The byte after the last. */
  readonly end: number;
}

/** Reads the bytes from an offset up to another one. */
export type ReadRange = (from: number, to: number) => Uint8Array;

/** The number of bytes that {@linkcode startsLikeZip} needs. */
export const ZIP_START_LENGTH = 4;

/** Whether a file begins like a zip: with a local header, or without entries with its end record. */
export function startsLikeZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b &&
    ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

/**
 * The archive within `size` bytes; null if there is none.
 *
 * The end record must place the directory where one begins. What begins like a zip is never a prefix: an archive that
 * was cut off behind another one within it must not pass for that one.
 */
export function findZipExtent(read: ReadRange, size: number): ZipExtent | null {
  const tailStart = Math.max(0, size - END_RECORD_LENGTH - MAX_COMMENT_LENGTH - MAX_TRAILING_LENGTH);
  const tail = read(tailStart, size);
  const view = viewOf(tail);
  for (let at = tail.length - END_RECORD_LENGTH; at >= 0; at--) {
    if (view.getUint32(at, true) !== END_RECORD) continue;
    const end = tailStart + at + END_RECORD_LENGTH + view.getUint16(at + 20, true);
    const start = end > size ? null : startOf(read, view, at, tailStart);
    if (start === null) continue;
    const prefixed = start > 0 && startsLikeZip(read(0, ZIP_START_LENGTH));
    return prefixed ? null : { start, end };
  }
  return null;
}

/** Where offset 0 of an archive lies by its end record at `at` of the tail; null if there is no directory there. */
function startOf(read: ReadRange, view: DataView, at: number, tailStart: number): number | null {
  let directoryEnd = tailStart + at;
  let length = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  const locator = at - ZIP64_LOCATOR_LENGTH;
  const record = locator - ZIP64_END_LENGTH;
  if (record >= 0 && view.getUint32(locator, true) === ZIP64_LOCATOR) {
    if (view.getUint32(record, true) !== ZIP64_END_RECORD) return null;
    directoryEnd = tailStart + record;
    length = Number(view.getBigUint64(record + 40, true));
    offset = Number(view.getBigUint64(record + 48, true));
  }
  const start = directoryEnd - length - offset;
  if (start < 0) return null;
  if (length === 0) return start;
  const head = read(start + offset, start + offset + 4);
  return head.length === 4 && viewOf(head).getUint32(0, true) === CENTRAL_HEADER ? start : null;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
