/**
 * Reading a file part by part, the next part while the last one is used.
 *
 * @module
 */

/** Bytes of a part: few enough to stay in a processor's cache. */
const PART_BYTES = 2 ** 22;

/** The rest of an open file; each part is full except the last one, and valid until the next one is asked for. */
export async function* readParts(
  file: Pick<Deno.FsFile, "read">,
  partBytes = PART_BYTES,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const buffers = [new Uint8Array(partBytes), new Uint8Array(partBytes)] as const;
  let next = fill(file, buffers[0]);
  try {
    for (let index = 1;; index++) {
      const part = await next;
      if (part.length < partBytes) {
        next = Promise.resolve(part);
        if (part.length > 0) yield part;
        return;
      }
      next = fill(file, buffers[index % 2]!);
      yield part;
    }
  } finally {
    // Nothing may read into a file that its owner closes.
    await next.catch(() => {});
  }
}

async function fill(
  file: Pick<Deno.FsFile, "read">,
  buffer: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
