/**
 * Self-test of sliding windows.
 * This module is browser compatible.
 *
 * @module
 */
import { accumulateWindows, packPlaces } from "../../../kernels/windows/windows.ts";
import { type Check, random, table } from "./check.ts";

/** Two windows of 4 x 4 over a row of 6 pixels, of two classes, in a band that has its first two rows already. */
export function windowCheck(): Check {
  const shape = { side: 4, width: 6, classes: 2, most: 2 };
  const logits = random(101, 2 * 2 * 16);
  const sums = random(102, 2 * 4 * 6);
  const rows = random(103, 4);
  const starts = [0, 2];
  const columns = [random(104, 4), random(105, 4)];
  const places = packPlaces({ top: 5, newRow: 2, newColumn: 0, rows, starts, columns }, shape);
  return {
    dispatch: accumulateWindows(shape, 6),
    operands: { logits, places, sums },
    expected: {
      sums: table(2 * 4 * 6, (at) => {
        const [class_, slot, x] = [Math.floor(at / 24), Math.floor(at / 6) % 4, at % 6];
        const row = (slot + 3) % 4;
        let sum = row < 2 ? sums[at]! : 0;
        starts.forEach((start, window) => {
          if (x < start || x >= start + 4) return;
          const logit = logits[((window * 2 + class_) * 4 + row) * 4 + x - start]!;
          sum += rows[row]! * columns[window]![x - start]! * logit;
        });
        return sum;
      }),
    },
    limit: 1e-6,
  };
}
