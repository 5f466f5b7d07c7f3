/** Small picture files made and damaged by hand, and comparisons that say where they differ. */
import { crc32, deflateSync } from "node:zlib";

/** The largest difference of two lists of bytes, and a line that says where. */
export function worstDifference(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  if (actual.length !== expected.length) {
    return { difference: Infinity, message: `${actual.length} values, not ${expected.length}` };
  }
  let difference = 0;
  let worst = 0;
  let out = 0;
  for (let i = 0; i < actual.length; i++) {
    const step = Math.abs((actual[i] as number) - (expected[i] as number));
    if (step > 0) out++;
    if (step > difference || Number.isNaN(step)) [difference, worst] = [step, i];
  }
  return {
    difference,
    message: `at ${worst}: ${actual[worst]}, not ${expected[worst]}; ${out} values differ`,
  };
}

/** A PNG chunk with its length and CRC. */
export function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const body = joinBytes([new TextEncoder().encode(type), content]);
  return joinBytes([uint32(content.length), body, uint32(crc32(body))]);
}

/** A PNG whose header claims a size, whatever its pixels are: `bytes` zeros, deflated. */
export function pngClaiming(
  width: number,
  height: number,
  { bytes = 64, bitDepth = 8, colorType = 0, extra = [] as Uint8Array[] } = {},
): Uint8Array {
  return joinBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk(
      "IHDR",
      joinBytes([uint32(width), uint32(height), Uint8Array.of(bitDepth, colorType, 0, 0, 0)]),
    ),
    ...extra,
    pngChunk("IDAT", deflateSync(new Uint8Array(bytes))),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

/** Four bytes, the high one first. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** All parts, one after the other. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
