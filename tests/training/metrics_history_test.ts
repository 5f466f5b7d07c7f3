import assert from "node:assert/strict";
import { recordSize } from "../../kernels/loss/definition.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { historyCapacity } from "../../src/layers/loss.ts";
import { decodeRecords, MetricsHistory } from "../../src/training/metrics_history.ts";

/** The records of batches with these losses; the other fields are 1, 2, 3 ... */
const recordsOf = (losses: number[]) =>
  Float32Array.from(losses.flatMap((loss) => [loss, 1, 2, 3, 4, 5, 6, 7]));

/** A history on a device that holds these losses, and what is read of it. */
async function historyOf(losses: number[], precision = "f32") {
  const reads: number[] = [];
  const gpu = {
    precision,
    createBuffer: (_: string, byteLength: number) => Promise.resolve({ size: byteLength }),
    read: (_: unknown, offset: number, byteLength: number) => {
      reads.push(byteLength);
      return Promise.resolve(recordsOf(losses).buffer.slice(offset, offset + byteLength));
    },
  } as unknown as Gpu;
  return { history: await MetricsHistory.create(gpu, 1), reads };
}

Deno.test("decodeRecords: reads the fields of each record in order", () => {
  const rest = { dice: 1, bce: 2, accuracy: 3, overlap: 4, predicted: 5, truth: 6, pixels: 7 };
  assert.deepEqual(decodeRecords(recordsOf([0.5, 8]), 1), [{ loss: 0.5, ...rest }, { loss: 8, ...rest }]);
  assert.deepEqual(decodeRecords(new Float32Array(0), 1), []);
});

Deno.test("decodeRecords: several classes have their counts behind the record's fields", () => {
  const values = Float32Array.of(0.5, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 20, 21, 22);
  const rest = { loss: 0.5, dice: 1, bce: 2, accuracy: 3, overlap: 4, predicted: 5, truth: 6, pixels: 7 };
  const record = {
    ...rest,
    classes: [{ overlap: 10, predicted: 11, truth: 12 }, { overlap: 20, predicted: 21, truth: 22 }],
  };
  assert.deepEqual(decodeRecords(values, 2), [record]);
  assert.deepEqual(decodeRecords(Float32Array.of(...values, ...values), 2), [record, record]);
});

Deno.test("historyCapacity: the history of many classes stays small, with room for two waits of training", () => {
  assert.equal(historyCapacity(1), 16384);
  assert.equal(historyCapacity(2), Math.floor(2 ** 17 / 14));
  assert.equal(historyCapacity(254), 1024);
});

Deno.test("MetricsHistory: reads what was added since the last read, and nothing if nothing was", async () => {
  const { history, reads } = await historyOf([0.5, 0.25]);
  assert.equal(history.buffer.size, historyCapacity(1) * recordSize(1) * 4);
  assert.deepEqual(await history.read(), []);
  history.add("step 1");
  history.add("step 2");
  assert.equal(history.length, 2);
  assert.deepEqual((await history.read()).map(({ loss }) => loss), [0.5, 0.25]);
  assert.equal(history.length, 0);
  history.add("step 3");
  history.clear();
  assert.deepEqual(await history.read(), []);
  assert.deepEqual(reads, [2 * recordSize(1) * 4]);
});

Deno.test("MetricsHistory: a loss that is not finite is an error that names the step and the way out", async () => {
  for (const [precision, hint] of [["f32", "lower"], ["f16", "train with --precision f32, lower"]] as const) {
    const { history } = await historyOf([0.5, NaN], precision);
    history.add("step 6");
    history.add("an evaluation after step 6");
    await assert.rejects(
      history.read(),
      new RegExp(
        `^Error: Training diverged: the loss of an evaluation after step 6 is NaN\nhint: ${hint} the learning rate`,
      ),
    );
  }
});

Deno.test("MetricsHistory: is full after as many records as it has room for", async () => {
  const { history } = await historyOf([]);
  for (let record = 0; record < historyCapacity(1); record++) {
    history.checkRoom();
    history.add("");
  }
  assert.throws(
    () => history.checkRoom(),
    /^RangeError: Cannot keep metrics of more than 16384 batches\nhint: /,
  );
});
