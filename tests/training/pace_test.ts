import assert from "node:assert/strict";
import { Pace } from "../../src/training/pace.ts";

/** Submits batches until it is time to wait; returns how many. */
function batchesUntilWait(pace: Pace): number {
  let count = 1;
  while (!pace.submitted()) count++;
  pace.waited();
  return count;
}

Deno.test("Pace: waits for the first two batches, then by time, and never queues too many bytes", () => {
  const pace = new Pace(1e9, 2 ** 20);
  pace.begin();
  assert.equal(batchesUntilWait(pace), 1);
  assert.equal(pace.secondsPerBatch, null);
  assert.equal(batchesUntilWait(pace), 1);
  assert.ok(pace.secondsPerBatch! >= 0);
  assert.equal(batchesUntilWait(pace), 512);
  const large = new Pace(1e9, 100 * 2 ** 20);
  assert.deepEqual([1, 2, 3].map(() => batchesUntilWait(large)), [1, 1, 5]);
  const huge = new Pace(1e9, 2 ** 40);
  assert.deepEqual([1, 2, 3].map(() => batchesUntilWait(huge)), [1, 1, 1]);
});

Deno.test("Pace: waits for a slow device after every batch", () => {
  const pace = new Pace(1e-9, 1);
  assert.deepEqual([1, 2, 3, 4].map(() => batchesUntilWait(pace)), [1, 1, 1, 1]);
});
