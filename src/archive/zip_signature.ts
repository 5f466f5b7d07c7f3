/**
 * Recognizes a zip by its first and last bytes, before anything is unpacked.
 *
 * @module
 */
import { byteLengthOf } from "../fs/read_at.ts";

/** The number of bytes that {@linkcode startsLikeZip} needs. */
export const ZIP_START_LENGTH = 4;

/** End of central directory record: 22 bytes and a comment of up to 65,535. */
const END_RECORD_LENGTH = 22;
const MAX_COMMENT_LENGTH = 0xffff;

/** Whether a file begins like a zip: with a local header, or without entries with its end record. */
export function startsLikeZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b &&
    ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

/**
 * Whether an open file ends with the end record of a zip, or with bytes behind one. A truncated zip lacks it, so this detects truncation even if
 * the length is unknown.
 */
export async function endsLikeZip(file: Deno.FsFile): Promise<boolean> {
  const size = byteLengthOf(file);
  const length = Math.min(size, END_RECORD_LENGTH + MAX_COMMENT_LENGTH);
  const tail = new Uint8Array(length);
  await file.seek(size - length, Deno.SeekMode.Start);
  for (let filled = 0; filled < length;) {
    const count = await file.read(tail.subarray(filled));
    if (count === null) return false;
    filled += count;
  }
  const view = new DataView(tail.buffer);
  for (let at = length - END_RECORD_LENGTH; at >= 0; at--) {
    const found = view.getUint32(at, true) === 0x06054b50;
    if (found && at + END_RECORD_LENGTH + view.getUint16(at + 20, true) === length) return true;
  }
  return findZip(file, size) !== null;
}

/** Bytes after an archive that are searched for its end record. */
const MAX_TRAILING_LENGTH = 1 << 20;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END_RECORD = 0x06064b50;
/** The length of a zip64 end record of version 1, and of its locator. */
const ZIP64_END_LENGTH = 56;
const ZIP64_LOCATOR_LENGTH = 20;

/** The bytes of a file that are the archive. */
export interface ZipExtent {
  /** The first byte. */
  readonly start: number;
  /** The byte after the last. */
  readonly end: number;
}

/**
 * The archive within a file that has other bytes before it or after it, such as a program, a header of a transfer or the
 * padding of a disk; null if there is none.
 *
 * The end record must place the directory where one begins. What begins like a zip is never a prefix: an archive that
 * was cut off behind another one within it must not pass for that one.
 */
export function findZip(file: Deno.FsFile, size: number): ZipExtent | null {
  const tail = readAt(
    file,
    Math.max(0, size - END_RECORD_LENGTH - MAX_COMMENT_LENGTH - MAX_TRAILING_LENGTH),
    size,
  );
  const tailStart = size - tail.length;
  const view = new DataView(tail.buffer);
  for (let at = tail.length - END_RECORD_LENGTH; at >= 0; at--) {
    if (view.getUint32(at, true) !== END_RECORD) continue;
    const end = tailStart + at + END_RECORD_LENGTH + view.getUint16(at + 20, true);
    const start = end > size ? null : startOf(file, view, at, tailStart);
    if (start === null) continue;
    const prefixed = start > 0 && startsLikeZip(readAt(file, 0, ZIP_START_LENGTH));
    return prefixed ? null : { start, end };
  }
  return null;
}

/** Where offset 0 of an archive lies by its end record at `at` of the tail; null if there is no directory there. */
function startOf(file: Deno.FsFile, view: DataView, at: number, tailStart: number): number | null {
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
  const head = readAt(file, start + offset, start + offset + 4);
  return head.length === 4 && new DataView(head.buffer).getUint32(0, true) === CENTRAL_HEADER ? start : null;
}

function readAt(file: Deno.FsFile, from: number, to: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(to - from);
  file.seekSync(from, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < bytes.length) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** Other files that are taken for zips, by their first bytes, with the way out. */
const OTHER_FILES: readonly (readonly [RegExp | string, string, string])[] = [
  [
    /^<(!doctype|html|head|body)/i,
    "an HTML page",
    "the server answered with a page in place of the file: download it again, logged in if need be",
  ],
  [
    "version https://git-lfs",
    "a Git LFS pointer, which stands for the archive",
    "`git lfs pull`, in the repository that it comes from, replaces pointers by the files",
  ],
  ["Rar!", "a RAR archive", "unpack it with 7-Zip (7z x FILE) or unrar"],
  ["7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it with 7-Zip (7z x FILE)"],
  ["\x1f\x8b", "a gzip file", "unpack it with tar (tar -xzf FILE) or gunzip"],
  ["BZh", "a bzip2 file", "unpack it with tar (tar -xjf FILE) or bunzip2"],
  ["\xfd7zXZ", "an xz file", "unpack it with tar (tar -xJf FILE) or unxz"],
  ["\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it with tar (tar --zstd -xf FILE) or unzstd"],
];

/** What an open file is, if it is known and no zip: `an HTML page`, and a way out. */
export function nameNonZip(file: Deno.FsFile, size: number): { what: string; hint: string } | null {
  if (size === 0) return { what: "empty", hint: "download it again" };
  const bytes = readAt(file, 0, Math.min(size, 512));
  const start = String.fromCharCode(...bytes).replace(/^(\xef\xbb\xbf)?\s*/, "");
  for (const [mark, what, hint] of OTHER_FILES) {
    if (typeof mark === "string" ? start.startsWith(mark) : mark.test(start)) return { what, hint };
  }
  if (String.fromCharCode(...bytes.subarray(257, 262)) === "ustar") {
    return { what: "a tar archive", hint: "unpack it with tar (tar -xf FILE)" };
  }
  return null;
}

/** Describes content that is not a zip for a message: `an HTML page`, `text/plain content`, `something else`. */
export function describeNonZip(head: Uint8Array, contentType: string | null): string {
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  if (contentType?.includes("text/html") || text.startsWith("<!do") || text.startsWith("<htm")) {
    return "an HTML page";
  }
  return contentType ? `${contentType.split(";")[0]} content` : "something else";
}
