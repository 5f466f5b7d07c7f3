import assert from "node:assert/strict";
import { nextStopping, NOT_STOPPING, shouldStop } from "../../src/training/early_stopping.ts";

/** The epoch after which training stops (0 for none), and the best epoch so far. */
function run(losses: number[], patience: number): [stopped: number, best: number] {
  let state = NOT_STOPPING;
  for (const [index, loss] of losses.entries()) {
    state = nextStopping(state, index + 1, loss);
    if (shouldStop(state, patience)) return [index + 1, state.bestEpoch];
  }
  return [0, state.bestEpoch];
}

Deno.test("nextStopping: counts the epochs since the first one with the lowest loss", () => {
  assert.deepEqual(run([3, 2, 2, 2.5], 2), [4, 2]);
  assert.deepEqual(run([3, 2, 2, 1.9, 2, 2], 3), [0, 4]);
  assert.deepEqual(run([1, 2], 1), [2, 1]);
});

Deno.test("shouldStop: a patience of 0 never stops", () => {
  assert.deepEqual(run([1, 2, 3, 4, 5, 6], 0), [0, 1]);
});
