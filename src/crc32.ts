/**
 * CRC-32 as in zip and PNG: the runtime's own where there is one, which is 15 times as fast, or a portable one.
 * This module is browser compatible.
 *
 * @module
 */

/** Bytes per iteration, with a table each: 124 MB take 0.15 s, with one table 0.6 s (`node:zlib`: 0.01 s). */
const SLICE = 16;

/** `TABLES[256 * k + byte]`: what a byte that is followed by `k` zero bytes adds to the checksum. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(SLICE * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    // The polynomial of IEEE 802.3, bit-reversed.
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    tables[byte] = crc;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256]!;
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

/** {@linkcode crc32} without the runtime's help: slicing-by-16 after Kounavis and Berry (Intel, 2005). */
export function portableCrc32(bytes: Uint8Array): number {
  const end = bytes.length - bytes.length % SLICE;
  let crc = -1;
  let at = 0;
  for (; at < end; at += SLICE) {
    const first = crc ^
      (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24);
    crc = TABLES[3840 + (first & 0xff)]! ^ TABLES[3584 + (first >>> 8 & 0xff)]! ^
      TABLES[3328 + (first >>> 16 & 0xff)]! ^ TABLES[3072 + (first >>> 24)]! ^
      TABLES[2816 + bytes[at + 4]!]! ^ TABLES[2560 + bytes[at + 5]!]! ^
      TABLES[2304 + bytes[at + 6]!]! ^ TABLES[2048 + bytes[at + 7]!]! ^
      TABLES[1792 + bytes[at + 8]!]! ^ TABLES[1536 + bytes[at + 9]!]! ^
      TABLES[1280 + bytes[at + 10]!]! ^ TABLES[1024 + bytes[at + 11]!]! ^
      TABLES[768 + bytes[at + 12]!]! ^ TABLES[512 + bytes[at + 13]!]! ^
      TABLES[256 + bytes[at + 14]!]! ^ TABLES[bytes[at + 15]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

type Crc32 = (bytes: Uint8Array) => number;

/** The function of the runtime's zlib module; undefined in browsers. */
function runtimeCrc32(): Crc32 | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: "zlib"): { crc32?: Crc32 } | undefined };
  };
  return process?.getBuiltinModule?.("zlib")?.crc32;
}

/** The CRC-32 of `bytes`, as an unsigned 32-bit number. */
export const crc32: Crc32 = runtimeCrc32() ?? portableCrc32;
