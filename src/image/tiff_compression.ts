/**
 * TIFF's compressions without loss (TIFF 6.0, sections 9 and 13; Adobe's deflate), strict and bounded: a strip that
 * does not yield all of its bytes is refused, and none yields more.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { inflateZlib, inflateZstd } from "../zlib_stream.ts";

/** Yields `byteLength` bytes at most; a short answer means that the data ends too early. */
type Expand = (data: Uint8Array, byteLength: number) => Uint8Array;

/** By the number that stands in a file. */
const COMPRESSIONS: ReadonlyMap<number, Expand> = new Map<number, Expand>([
  [1, (data, byteLength) => data.subarray(0, byteLength)],
  [5, expandLzw],
  [8, (data, byteLength) => unpack(inflate, data, byteLength)],
  [32946, (data, byteLength) => unpack(inflate, data, byteLength)],
  [32773, expandPackBits],
  [50000, (data, byteLength) => unpack(inflateZstd, data, byteLength)],
]);

/** Whether {@linkcode expandStrip} knows a compression. */
export function isLossless(compression: number): boolean {
  return COMPRESSIONS.has(compression);
}

/** The bytes of a strip or tile; bytes too many are left out. Throws a SyntaxError if it is truncated or damaged. */
export function expandStrip(compression: number, data: Uint8Array, byteLength: number): Uint8Array {
  const bytes = COMPRESSIONS.get(compression)!(data, byteLength);
  if (bytes.length < byteLength) {
    throw new SyntaxError(
      `Cannot decode the TIFF image: its pixel data is truncated or damaged after ${bytes.length} of ${byteLength} ` +
        "bytes of a strip",
    );
  }
  return bytes.subarray(0, byteLength);
}

/** Bytes that may follow those of a strip: writers round rows up. */
const MAX_SURPLUS = 2 ** 17;

const inflate = (data: Uint8Array, most: number) => inflateZlib(data, most).bytes;

function unpack(
  method: (data: Uint8Array, most: number) => Uint8Array | null,
  data: Uint8Array,
  byteLength: number,
): Uint8Array {
  let bytes: Uint8Array | null;
  try {
    bytes = method(data, byteLength + MAX_SURPLUS);
  } catch (error) {
    const reason = error instanceof RangeError ? "is longer than its size requires" : "is damaged";
    throw new SyntaxError(`Cannot decode the TIFF image: its pixel data ${reason}`);
  }
  if (bytes !== null) return bytes;
  throw new RangeError(
    "Cannot decode the TIFF image: browsers do not read its compression, Zstandard\nhint: save it with deflate",
  );
}

/** Runs: n + 1 bytes as they are for n from 0 to 127, one byte 1 - n times for n from -127 to -1. */
function expandPackBits(data: Uint8Array, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let to = 0;
  for (let at = 0; at + 1 < data.length && to < byteLength;) {
    const control = data[at++]!;
    if (control < 128) {
      const run = data.subarray(at, at + control + 1);
      bytes.set(run.subarray(0, byteLength - to), to);
      to += run.length;
      at += control + 1;
    } else if (control > 128) {
      bytes.fill(data[at++]!, to, to + 257 - control);
      to += 257 - control;
    }
  }
  return bytes.subarray(0, Math.min(to, byteLength));
}

const LZW = { clear: 256, end: 257, most: 4096 };

/** LZW with codes of 9 to 12 bits, the highest bit first, which grow one code early. */
function expandLzw(data: Uint8Array, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  // A code is the text that was written from `starts` on, `lengths` bytes long: that of its prefix and one byte more.
  const starts = new Uint32Array(LZW.most);
  const lengths = new Uint16Array(LZW.most);
  let [next, width, previous, to] = [LZW.end + 1, 9, -1, 0];
  let [pending, pendingBits] = [0, 0];
  for (let at = 0; at < data.length; at++) {
    pending = (pending << 8 | data[at]!) & 0xfffff;
    pendingBits += 8;
    if (pendingBits < width) continue;
    pendingBits -= width;
    const code = (pending >>> pendingBits) & ((1 << width) - 1);
    if (code === LZW.end) break;
    if (code === LZW.clear) {
      [next, width, previous] = [LZW.end + 1, 9, -1];
      continue;
    }
    // The code that is about to be defined is allowed, one beyond it is not.
    if (code > next || (code >= next && previous === -1)) break;
    const begin = to;
    if (previous !== -1 && next < LZW.most) {
      // The text of the previous code ends where this one begins.
      lengths[next] = (previous < LZW.clear ? 1 : lengths[previous]!) + 1;
      starts[next] = begin - lengths[next]! + 1;
      next++;
      if (next === (1 << width) - 1 && width < 12) width++;
    }
    if (code < LZW.clear) bytes[to++] = code;
    else {
      const [from, length] = [starts[code]!, Math.min(lengths[code]!, byteLength - to)];
      // Byte by byte: the text may overlap what is being written.
      for (let i = 0; i < length; i++) bytes[to++] = bytes[from + i]!;
    }
    if (to === byteLength) break;
    previous = code;
  }
  return bytes.subarray(0, to);
}
