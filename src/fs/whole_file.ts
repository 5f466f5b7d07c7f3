/**
 * Reading large files.
 *
 * @module
 */

/** A file's bytes. `Deno.readFile` grows its buffer while it reads, which for 124 MB takes more than twice as long. */
export async function readWholeFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  // The open file's own `stat` would want the permission of a link's target.
  const { isFile, size } = await Deno.stat(path);
  using file = await Deno.open(path);
  // A pipe has no size and can be opened only once.
  if (!isFile) return new Uint8Array(await new Response(file.readable).arrayBuffer());
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
