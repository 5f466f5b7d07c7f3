import assert from "node:assert/strict";
import { join } from "node:path";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { reconcileLog } from "../../src/training/reconcile_log.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const HISTORY = [1, 2, 3].map((epoch) => ({ "valid/loss": 1 / epoch, "valid/dice": NaN }));

const line = (epoch: number, loss = 1 / epoch) =>
  JSON.stringify({
    epoch,
    time: "2026-01-02T03:04:05.000Z",
    "valid/loss": loss,
    "valid/dice": null,
    seconds: 7,
  });

/** Reconciles a log of these lines with a checkpoint of three epochs. */
function reconcile(lines: string[], { history = true, force = false } = {}) {
  let result!: { known: unknown; epochs: number[]; seconds: (number | undefined)[]; notes: string[] };
  const done = inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "metrics.jsonl"), lines.map((text) => `${text}\n`).join(""));
    const notes: string[] = [];
    // As read from a file, where an undefined metric is null.
    const kept = history ? JSON.parse(JSON.stringify(HISTORY)) : undefined;
    const known = await reconcileLog(folder, { epoch: 3, history: kept }, {
      force,
      onNote: (note) => notes.push(note),
    });
    const log = await readRunLog(folder);
    result = {
      known,
      epochs: log.map(({ epoch }) => epoch),
      seconds: log.map(({ metrics }) => metrics.seconds),
      notes,
    };
  });
  return done.then(() => result);
}

Deno.test("reconcileLog: a log that agrees stays, also with the line of an epoch that was not saved", async () => {
  const whole = [1, 2, 3].map((epoch) => line(epoch));
  for (const lines of [whole, [...whole, line(4)], [...whole, '{"epoch":4,']]) {
    for (const history of [true, false]) {
      const { known, notes } = await reconcile(lines.slice(0, 4), { history });
      assert.deepEqual([known, notes], [HISTORY, []]);
    }
  }
});

Deno.test("reconcileLog: a log that contradicts the checkpoint is repaired from it, and said to be", async () => {
  const cases: [string, string[], (number | undefined)[]][] = [
    ["epoch 3 is missing", [line(1), line(2)], [7, 7, undefined]],
    ["epoch 1 is missing, epoch 2 is missing, epoch 3 is missing", [], [undefined, undefined, undefined]],
    ["epoch 2 is there 2 times", [line(1), line(2), line(2), line(3)], [7, 7, 7]],
    ["its lines are damaged or out of order", [line(2), line(1), line(3)], [7, 7, 7]],
    ["epoch 2 has other numbers", [line(1), line(2, 0.4), line(3)], [7, undefined, 7]],
    ["epoch 2 is missing", [line(1), "{", line(3)], [7, undefined, 7]],
    ["it has 2 more epochs", [1, 2, 3, 4, 5].map((epoch) => line(epoch)), [7, 7, 7]],
  ];
  for (const [fault, lines, times] of cases) {
    const { known, epochs, seconds, notes } = await reconcile(lines);
    assert.deepEqual([known, epochs, seconds], [HISTORY, [1, 2, 3], times], fault);
    assert.equal(notes.length, 1);
    assert.ok(
      notes[0]!.endsWith(`contradicted the checkpoint of epoch 3 and was repaired: ${fault}`),
      notes[0],
    );
  }
});

Deno.test("reconcileLog: a checkpoint without metrics can only refuse what is lost, or be forced", async () => {
  await assert.rejects(
    reconcile([line(1), line(3)], { history: false }),
    /^Error: Cannot resume .*: its metrics\.jsonl contradicts the checkpoint of epoch 3: epoch 2 is missing\nhint: .*--force$/,
  );
  const { known, epochs } = await reconcile([line(1), line(3)], { history: false, force: true });
  assert.deepEqual([known, epochs], [[HISTORY[0], {}, HISTORY[2]], [1, 3]]);
  const doubled = await reconcile([line(1), line(2), line(2), line(3)], { history: false });
  assert.deepEqual(doubled.epochs, [1, 2, 3]);
});
