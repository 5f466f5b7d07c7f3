import assert from "node:assert/strict";
import { learningRateAt, nextPlateau, NO_PLATEAU, type PlateauState } from "../../src/training/schedule.ts";

/** The learning rates of all batches of a run. */
function rates(schedule: "constant" | "cosine" | "plateau", warmup: number, epochs: number, batches: number) {
  return Array.from(
    { length: epochs * batches },
    (_, index) =>
      learningRateAt({ learningRate: 1, schedule, warmup, epochs }, {
        epoch: Math.floor(index / batches) + 1,
        batch: index % batches,
        batches,
      }, NO_PLATEAU),
  );
}

Deno.test("learningRateAt: rises linearly, then stays constant", () => {
  assert.deepEqual(rates("constant", 0, 2, 2), [1, 1, 1, 1]);
  assert.deepEqual(rates("constant", 1.5, 3, 2), [1 / 3, 2 / 3, 1, 1, 1, 1]);
  assert.deepEqual(rates("plateau", 1, 2, 4), [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]);
});

Deno.test("learningRateAt: falls along half a cosine to nearly 0", () => {
  const all = rates("cosine", 0, 2, 4);
  all.forEach((rate, index) =>
    assert.ok(Math.abs(rate - 0.5 * (1 + Math.cos(Math.PI * index / 8))) < 1e-15, `batch ${index}`)
  );
  const warm = rates("cosine", 1, 3, 4);
  assert.deepEqual(warm.slice(0, 5), [0.25, 0.5, 0.75, 1, 1]);
  assert.deepEqual(warm.slice(4).map((rate) => rate.toFixed(12)), all.map((rate) => rate.toFixed(12)));
});

Deno.test("learningRateAt: a warm-up longer than the run never ends", () => {
  assert.deepEqual(rates("cosine", 8, 2, 2), [1 / 16, 2 / 16, 3 / 16, 4 / 16]);
});

Deno.test("nextPlateau: halves the rate after every three epochs without a lower loss", () => {
  const losses = [1, 0.9, 0.9, 0.95, 0.91, 0.9, 2, 0.9, 0.5, 0.4];
  const scales: number[] = [];
  let state: PlateauState = NO_PLATEAU;
  for (const loss of losses) scales.push((state = nextPlateau(state, loss)).scale);
  assert.deepEqual(scales, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]);
  assert.equal(
    learningRateAt(
      { learningRate: 2, schedule: "plateau", warmup: 1, epochs: 9 },
      { epoch: 5, batch: 0, batches: 3 },
      state,
    ),
    0.5,
  );
});
