/**
 * Writing all of some bytes: one call of the system may take fewer than it was given.
 *
 * @module
 */

/** Writes all of `bytes` at the file's position. */
export async function writeWhole(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}

/** Writes all of `bytes` to a file or a stream. */
export function writeWholeSync(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
}

/**
 * Appends `bytes` to a file of `byteLength` bytes whose position is its end. On failure the file is as it was: a full
 * disk must not leave half a record for the next one to follow.
 */
export function appendWholeSync(file: Deno.FsFile, byteLength: number, bytes: Uint8Array): void {
  try {
    writeWholeSync(file, bytes);
  } catch (error) {
    file.truncateSync(byteLength);
    file.seekSync(byteLength, Deno.SeekMode.Start);
    throw error;
  }
}
