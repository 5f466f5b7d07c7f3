/**
 * The checksums of the tracking files: CRC-32C for TensorBoard, CRC-32 for SwanLab.
 *
 * @module
 */
import { crc32 as zlibCrc32 } from "node:zlib";

// The Castagnoli polynomial, bit-reversed; one table entry per byte value.
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82F63B78 : 0);
  return crc;
});

/** CRC-32C (Castagnoli) of `bytes`, as an unsigned 32-bit number. The polynomial is from RFC 3720, B.4. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xFFFFFFFF;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC32C_TABLE[(crc ^ byte) & 0xFF]!;
  return (crc ^ 0xFFFFFFFF) >>> 0;
}

/** CRC-32C as TFRecord files store it: rotated right by 15 and shifted by a constant, modulo 2^32. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xA282EAD8) >>> 0;
}

/** CRC-32 (IEEE, as in zip and zlib) of the joined parts, as an unsigned 32-bit number. */
export function crc32(...parts: Uint8Array[]): number {
  return parts.reduce((crc, part) => zlibCrc32(part, crc), 0);
}
