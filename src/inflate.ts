/**
 * Inflates data of a known length.
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Inflates raw deflate data, or zlib's `deflate`, of a known length; null if it has another length. Bytes after the data
 * are an error of the stream.
 */
export async function inflateExactly(
  packed: Uint8Array,
  byteLength: number,
  format: "deflate" | "deflate-raw",
): Promise<Uint8Array<ArrayBuffer> | null> {
  const source = new Blob([packed as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader();
  const bytes = new Uint8Array(byteLength);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return length === byteLength ? bytes : null;
    if (length + value.length > byteLength) {
      await reader.cancel();
      return null;
    }
    bytes.set(value, length);
    length += value.length;
  }
}
