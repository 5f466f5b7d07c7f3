/**
 * Reading a part of an open file.
 *
 * @module
 */

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
