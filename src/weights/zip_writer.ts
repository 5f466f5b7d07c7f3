/**
 * Writes a zip of stored entries, laid out like PyTorch's checkpoints.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { crc32 } from "../crc32.ts";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const UTF8_FLAG = 0x800;
/** The content of every file begins at a multiple of this, as in PyTorch's own archives. */
const ALIGNMENT = 64;

/** A file for {@linkcode writeStoredZip}. */
export interface StoredFile {
  /** The path inside the archive. */
  readonly name: string;
  /** Its content. */
  readonly bytes: Uint8Array;
}

/**
 * Writes files uncompressed, each aligned to 64 bytes as PyTorch expects, without dates: the same files give the same
 * bytes.
 *
 * @throws {RangeError} if the archive would need zip64 (4 GiB or more)
 */
export function writeStoredZip(files: readonly StoredFile[]): Uint8Array {
  return joinBytes(storedZipParts(files));
}

/** The bytes of {@linkcode writeStoredZip} in parts; the contents of files are not copied. Throws as it does. */
export function storedZipParts(files: readonly StoredFile[]): Uint8Array[] {
  const encoder = new TextEncoder();
  let at = 0;
  const placed = files.map(({ name, bytes }) => {
    const headerStart = at;
    const nameBytes = encoder.encode(name);
    const unpadded = at + 30 + nameBytes.length;
    // The padding is an extra field of PyTorch's type "FB", whose four header bytes count.
    const extraBytes = 4 + (ALIGNMENT - (unpadded + 4) % ALIGNMENT) % ALIGNMENT;
    at = unpadded + extraBytes + bytes.length;
    return { nameBytes, bytes, crc: crc32(bytes), headerStart, extraBytes };
  });
  const directoryStart = at;
  const directoryBytes = placed.reduce((sum, { nameBytes }) => sum + 46 + nameBytes.length, 0);
  const total = directoryStart + directoryBytes + 22;
  if (total >= 0xffffffff || files.length >= 0xffff) {
    throw new RangeError(
      `Cannot write zip: ${files.length} files in ${total} bytes need zip64, which is not supported`,
    );
  }
  const parts: Uint8Array[] = [];
  for (const { nameBytes, bytes, crc, extraBytes } of placed) {
    const extraStart = 30 + nameBytes.length;
    const header = new Uint8Array(extraStart + extraBytes);
    const view = new DataView(header.buffer);
    view.setUint32(0, LOCAL_HEADER, true);
    writeCommon(view, 4, crc, bytes.length, nameBytes.length);
    view.setUint16(28, extraBytes, true);
    header.set(nameBytes, 30);
    view.setUint16(extraStart, 0x4246, true);
    view.setUint16(extraStart + 2, extraBytes - 4, true);
    parts.push(header, bytes);
  }
  const directory = new Uint8Array(directoryBytes + 22);
  const view = new DataView(directory.buffer);
  at = 0;
  for (const { nameBytes, bytes, crc, headerStart } of placed) {
    view.setUint32(at, CENTRAL_HEADER, true);
    writeCommon(view, at + 6, crc, bytes.length, nameBytes.length);
    view.setUint32(at + 42, headerStart, true);
    directory.set(nameBytes, at + 46);
    at += 46 + nameBytes.length;
  }
  view.setUint32(at, END, true);
  view.setUint16(at + 8, files.length, true);
  view.setUint16(at + 10, files.length, true);
  view.setUint32(at + 12, directoryBytes, true);
  view.setUint32(at + 16, directoryStart, true);
  return [...parts, directory];
}

/** The fields that both headers of an entry share: version needed, flags, method, date, CRC, sizes, name length. */
function writeCommon(view: DataView, at: number, crc: number, byteLength: number, nameLength: number): void {
  view.setUint16(at, 10, true);
  view.setUint16(at + 2, UTF8_FLAG, true);
  view.setUint16(at + 8, (1 << 5) | 1, true); // 1980-01-01, the earliest date that zip knows
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, byteLength, true);
  view.setUint32(at + 18, byteLength, true);
  view.setUint16(at + 22, nameLength, true);
}
