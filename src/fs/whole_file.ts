/**
 * Reading large files.
 *
 * @module
 */

import { NotRegularFile } from "./bounded_read.ts";

/** More than any weights or checkpoint, and less than the longest buffer. */
const MAX_BYTES = 2 ** 32;

/** A regular file's bytes. `Deno.readFile` grows its buffer while it reads, which for 124 MB takes more than twice as long. */
export async function readWholeFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  // The open file's own `stat` would want the permission of a link's target.
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new NotRegularFile(path, "a folder, a pipe or a device");
  if (size > MAX_BYTES) {
    throw new RangeError(`Cannot read ${JSON.stringify(path)}: ${size} bytes, at most ${MAX_BYTES}`);
  }
  using file = await Deno.open(path);
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
