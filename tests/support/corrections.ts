/**
 * Records of corrections for tests; run as a program, it appends without end: `corrections.ts FILE NAME`.
 *
 * @module
 */
import { encodeRle } from "../../src/coco/rle.ts";
import { appendCorrection, type CorrectionRecord } from "../../src/dataset/corrections.ts";
import { createMask, type Mask } from "../../src/image/mask.ts";

/** A mask with a square of ones. */
export function squareMask(side: number, at: number, of: number, height = side): Mask {
  const mask = createMask({ width: side, height });
  for (let y = at; y < at + of; y++) mask.data.fill(1, y * side + at, y * side + at + of);
  return mask;
}

/** A first correction of an image of 12 x 8 pixels: a square that was shifted by a pixel. */
export function correctionOf(fileName: string, more: Partial<CorrectionRecord> = {}): CorrectionRecord {
  return {
    image: { split: "train", fileName, width: 12, height: 8, sha256: "0".repeat(64) },
    annotator: "A. Reader",
    time: "2026-01-02T03:04:05.678Z",
    source: "annotation",
    model: null,
    base: null,
    before: {
      source: "annotation",
      model: null,
      regions: [{ category: "tumor", rle: encodeRle(squareMask(12, 1, 3, 8)) }],
    },
    regions: [{ category: "tumor", rle: encodeRle(squareMask(12, 2, 3, 8)) }],
    ...more,
  };
}

if (import.meta.main) {
  const [path, name] = Deno.args as [string, string];
  for (let i = 0;; i++) {
    await appendCorrection(path, correctionOf(`${name}-${i}.png`));
    Deno.stdout.writeSync(new Uint8Array([46]));
  }
}
