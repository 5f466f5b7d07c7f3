/**
 * The run lengths of every label of an image, in one pass.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../image/image.ts";

/** Runs of each label but 0, in column-major order with zeros first, as those of `maskRuns`. */
export function labelRuns(
  { width, height }: Size,
  labels: Uint8Array | Uint16Array | Uint32Array,
): Map<number, number[]> {
  const runs = new Map<number, number[]>();
  const ends = new Map<number, number>();
  let label = 0;
  let start = 0;
  const close = (end: number) => {
    if (label === 0 || end === start) return;
    const own = runs.get(label);
    if (own === undefined) runs.set(label, [start, end - start]);
    else own.push(start - ends.get(label)!, end - start);
    ends.set(label, end);
  };
  let position = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = x; y < height; y++, at += width, position++) {
      const next = labels[at]!;
      if (next === label) continue;
      close(position);
      label = next;
      start = position;
    }
  }
  close(position);
  for (const [label, own] of runs) if (ends.get(label)! < position) own.push(position - ends.get(label)!);
  return runs;
}
