/**
 * Recognizes a zip by its first and last bytes, before anything is unpacked.
 *
 * @module
 */
import { byteLengthOf } from "../fs/read_at.ts";
import { END_RECORD_LENGTH, findZipExtent, MAX_COMMENT_LENGTH, type ZipExtent } from "../zip_extent.ts";

export { startsLikeZip, ZIP_START_LENGTH, type ZipExtent } from "../zip_extent.ts";

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

/** {@linkcode findZipExtent} of an open file. */
export function findZip(file: Deno.FsFile, size: number): ZipExtent | null {
  return findZipExtent((from, to) => readAt(file, from, to), size);
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
