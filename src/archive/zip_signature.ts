/**
 * Recognizes a zip by its first and last bytes, before anything is unpacked.
 *
 * @module
 */

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
 * Whether an open file ends with the end record of a zip. A truncated zip lacks it, so this detects truncation even if
 * the length is unknown.
 */
export async function endsLikeZip(file: Deno.FsFile): Promise<boolean> {
  const { size } = await file.stat();
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
  return false;
}

/** Describes content that is not a zip for a message: `an HTML page`, `text/plain content`, `something else`. */
export function describeNonZip(head: Uint8Array, contentType: string | null): string {
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  if (contentType?.includes("text/html") || text.startsWith("<!do") || text.startsWith("<htm")) {
    return "an HTML page";
  }
  return contentType ? `${contentType.split(";")[0]} content` : "something else";
}
