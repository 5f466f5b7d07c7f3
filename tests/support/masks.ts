/**
 * Masks for tests.
 *
 * @module
 */
import type { Mask } from "../../src/image/mask.ts";
import { Random } from "./random.ts";

/** A mask from rows of `.` (0) and any other character (1). */
export function drawMask(...rows: string[]): Mask {
  return {
    width: rows[0]!.length,
    height: rows.length,
    data: Uint8Array.from(rows.join(""), (character) => character === "." ? 0 : 1),
  };
}

/** A mask from a row-major text of 0 and 1. */
export function listMask(width: number, height: number, digits: string): Mask {
  return { width, height, data: Uint8Array.from(digits, Number) };
}

/** A mask with a disc. */
export function discMask(width: number, height: number, x: number, y: number, radius: number): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, at) => {
    const distance = Math.hypot(at % width - x, Math.floor(at / width) - y);
    return distance <= radius ? 1 : 0;
  });
  return { width, height, data };
}

/** A random mask of random size, from empty to full. */
export function randomMask(random: Random, width?: number, height?: number): Mask {
  const size = { width: width ?? 1 + random.integer(20), height: height ?? 1 + random.integer(20) };
  const share = random.pick([0, 0.02, 0.2, 0.5, 0.98, 1]);
  return {
    ...size,
    data: Uint8Array.from({ length: size.width * size.height }, () => random.next() < share ? 1 : 0),
  };
}
