/**
 * Reads PNGs of 16-bit gray samples as `encodeGray16Png` writes them, where nothing else can: browsers keep 8 bits.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { inflateExactly } from "../inflate.ts";
import type { Gray16Image, Size } from "./image.ts";
import { countPngBytes, readPngSamples } from "./png_samples.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The header's bits, color type, compression, filters and interlacing. */
const GRAY_16 = [16, 0, 0, 0, 0];

const [IHDR, IDAT, IEND] = [0x49484452, 0x49444154, 0x49454e44];

/**
 * The samples of a 16-bit gray PNG, which must have the expected size: nothing is allocated for another.
 *
 * @throws {SyntaxError} if it is another kind of file, of another size, truncated or damaged
 */
export async function readGray16Png(bytes: Uint8Array, { width, height }: Size): Promise<Gray16Image> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || SIGNATURE.some((byte, at) => bytes[at] !== byte) || view.getUint32(12) !== IHDR) {
    throw fault("it is not a PNG");
  }
  if (GRAY_16.some((byte, at) => bytes[24 + at] !== byte)) throw fault("its samples are not 16-bit gray");
  const [columns, rows] = [view.getUint32(16), view.getUint32(20)];
  if (columns !== width || rows !== height) {
    throw fault(`it has ${columns} x ${rows} pixels, expected ${width} x ${height}`);
  }
  const parts: Uint8Array[] = [];
  for (let start = 33;;) {
    const end = start + 12 + (start + 12 <= bytes.length ? view.getUint32(start) : 0);
    if (end > bytes.length) throw fault("it is truncated");
    const type = view.getUint32(start + 4);
    if (type === IEND) break;
    if (type === IDAT) parts.push(bytes.subarray(start + 8, end - 4));
    start = end;
  }
  const layout = { width, height, bits: 16, channels: 1, interlaced: false };
  const filtered = await inflateExactly(joinBytes(parts), countPngBytes(layout), "deflate").catch(() => null);
  if (filtered === null) throw fault("its samples are damaged");
  return { width, height, data: readPngSamples(filtered, layout) as Uint16Array };
}

function fault(what: string): SyntaxError {
  return new SyntaxError(`Cannot read the 16-bit image: ${what}`);
}
