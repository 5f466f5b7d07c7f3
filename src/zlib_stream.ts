/**
 * Inflates zlib and gzip streams, strictly and bounded (RFC 1950, 1951, 1952): by the runtime's zlib where there is one,
 * or by a portable decoder with the same answers.
 * This module is browser compatible.
 *
 * @module
 */
import { damaged, type Inflated, Inflater } from "./inflater.ts";

export type { Inflated };

/** The parts of Node's zlib that are used here. */
interface Zlib {
  inflateSync(data: Uint8Array, options: Record<string, unknown>): unknown;
  gunzipSync(data: Uint8Array, options: Record<string, unknown>): Uint8Array<ArrayBuffer>;
  zstdDecompressSync?(data: Uint8Array, options: Record<string, unknown>): Uint8Array<ArrayBuffer>;
}

/** The runtime's zlib module; undefined in browsers. */
function runtimeZlib(): Zlib | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: "zlib"): Zlib | undefined } };
  return process?.getBuiltinModule?.("zlib");
}

/** zlib's Z_SYNC_FLUSH: the input may end early. */
const SYNC_FLUSH = 2;

/**
 * Inflates a zlib stream, which bytes may follow.
 *
 * @param most the most bytes that it may yield
 * @throws {RangeError} if it yields more
 * @throws {SyntaxError} if it is damaged or truncated
 */
export function inflateZlib(data: Uint8Array, most: number): Inflated {
  const zlib = runtimeZlib();
  if (zlib === undefined) return portableInflate(data, most);
  // Mostly one chunk, which need not be joined; larger ones wait for the data that may fill them.
  const chunkSize = Math.max(64, Math.min(most, Math.max(2 ** 20, 8 * data.length)));
  const options = { maxOutputLength: most, chunkSize, info: true };
  const { buffer, engine } = bounded(() => zlib.inflateSync(data, options)) as {
    buffer: Uint8Array<ArrayBuffer>;
    engine: { bytesWritten: number };
  };
  return { bytes: plain(buffer), consumed: engine.bytesWritten };
}

/** Inflates Zstandard, if the runtime can; null if not. Throws like {@linkcode inflateZlib}. */
export function inflateZstd(data: Uint8Array, most: number): Uint8Array<ArrayBuffer> | null {
  const zstd = runtimeZlib()?.zstdDecompressSync;
  return zstd === undefined ? null : plain(bounded(() => zstd(data, { maxOutputLength: most })));
}

/**
 * What the beginning of a gzip file yields.
 *
 * @throws {SyntaxError} if it is damaged
 */
export function inflateGzipStart(data: Uint8Array): Uint8Array {
  const zlib = runtimeZlib();
  if (zlib !== undefined) return bounded(() => zlib.gunzipSync(data, { finishFlush: SYNC_FLUSH }));
  const start = gzipHeaderLength(data);
  return new Inflater(data.subarray(start), 2 ** 21).run(true).bytes;
}

function bounded<T>(inflate: () => T): T {
  try {
    return inflate();
  } catch (error) {
    const tooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    if (tooLong) throw new RangeError("Cannot inflate: the stream is longer than expected");
    throw damaged();
  }
}

/** A plain array: the slices of Node's would share its memory. */
function plain({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, length);
}

/** {@linkcode inflateZlib} without the runtime's help. */
export function portableInflate(data: Uint8Array, most: number): Inflated {
  const [method = 0, flags = 0] = data;
  const isZlib = (method & 15) === 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 === 0 &&
    (flags & 32) === 0;
  if (data.length < 2 || !isZlib) throw damaged();
  const { bytes, consumed } = new Inflater(data.subarray(2), most).run();
  const end = 2 + consumed;
  if (end + 4 > data.length) throw damaged("truncated");
  const stated = new DataView(data.buffer, data.byteOffset).getUint32(end);
  if (stated !== adler32(bytes)) throw damaged();
  return { bytes, consumed: end + 4 };
}

/** The checksum of zlib streams. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let at = 0; at < bytes.length;) {
    // The most bytes whose sums stay below 2^32.
    const end = Math.min(bytes.length, at + 5552);
    for (; at < end; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return (b << 16 | a) >>> 0;
}

function gzipHeaderLength(data: Uint8Array): number {
  const flags = data[3] ?? 0;
  if (data[0] !== 0x1f || data[1] !== 0x8b || data[2] !== 8 || (flags & 0xe0) !== 0) throw damaged();
  let at = 10;
  if (flags & 4) at += 2 + (data[at] ?? 0) + 256 * (data[at + 1] ?? 0);
  for (const text of [8, 16]) {
    if ((flags & text) === 0) continue;
    const end = data.indexOf(0, at);
    if (end < 0) throw damaged("truncated");
    at = end + 1;
  }
  return flags & 2 ? at + 2 : at;
}
