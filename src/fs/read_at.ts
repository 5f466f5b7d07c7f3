/**
 * Reading a part of an open file.
 *
 * @module
 */

/**
 * The bytes of an open file; its position is then its end. Not by the file's own `stat`, for which the runtime wants the
 * permission of a link's target: a folder of the user's may be a link.
 */
export function byteLengthOf(file: Deno.FsFile): number {
  return file.seekSync(0, Deno.SeekMode.End);
}

/** Fills `bytes` from `offset` of an open file; false if the file ends before. */
export function readAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): boolean {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let filled = 0; filled < bytes.length;) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) return false;
    filled += count;
  }
  return true;
}
