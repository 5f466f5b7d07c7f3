/** What a run is doing, told from its files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { EpochLine } from "../../../../src/page/api/runs.ts";
import { Liveness } from "../../../../src/page/server/runs/liveness.ts";
import { secondsUntilEnd, summarizeLines } from "../../../../src/page/server/runs/epoch_summary.ts";
import { type RunFacts, runState, type StoredProgress } from "../../../../src/page/server/runs/run_state.ts";
import { NOT_STOPPING } from "../../../../src/training/early_stopping.ts";
import { formatBeat } from "../../../../src/fs/heartbeat.ts";
import { FolderLock } from "../../../../src/fs/folder_lock.ts";
import { inTempFolder } from "../../../support/temp_folder.ts";

const log = (...losses: (number | null)[]): EpochLine[] =>
  losses.map((loss, index) => ({
    epoch: index + 1,
    time: new Date(60_000 * index).toISOString(),
    metrics: { "valid/loss": loss, "valid/dice": loss === null ? null : 1 - loss, seconds: 10 },
  }));

const progress = (more: Partial<StoredProgress> = {}): StoredProgress => ({
  epoch: 3,
  partial: null,
  stopping: NOT_STOPPING,
  config: { epochs: 10, patience: 2 },
  ...more,
});

const PARTIAL = { batches: 0 } as StoredProgress["partial"];

Deno.test("runState: a live process, a complete run, a saved one, and all others", () => {
  const state = (facts: Partial<RunFacts>) =>
    runState({ alive: false, locked: false, progress: null, limits: null, lines: [], ...facts }).state;
  const limits = { epochs: 3, patience: 2 };
  assert.equal(state({ alive: true, locked: true, progress: progress({ epoch: 10 }) }), "running");
  assert.equal(state({ progress: progress({ epoch: 10 }) }), "finished");
  // Killed after its last checkpoint.
  assert.equal(state({ locked: true, progress: progress({ epoch: 10 }) }), "finished");
  const stopping = { best: 0.1, bestEpoch: 1, stale: 2 };
  assert.equal(state({ progress: progress({ stopping }) }), "finished");
  assert.equal(state({ progress: progress({ partial: PARTIAL }) }), "stopped");
  assert.equal(state({ locked: true, progress: progress({ partial: PARTIAL }) }), "crashed");
  assert.equal(state({ progress: progress() }), "crashed");
  assert.equal(state({ progress: progress({ epoch: 0 }) }), "crashed");
  // Without a checkpoint, the log and the settings tell.
  assert.equal(state({ limits, lines: log(3, 2, 1) }), "finished");
  assert.equal(state({ limits: { epochs: 9, patience: 2 }, lines: log(1, 2, null, 3) }), "finished");
  assert.equal(state({ limits: { epochs: 9, patience: 0 }, lines: log(1, 2, 3) }), "crashed");
  assert.equal(state({ limits, lines: log(3, 2) }), "crashed");
  assert.equal(state({ lines: log(3, 2) }), "crashed");
  assert.equal(state({}), "crashed");
});

Deno.test("Liveness: a lock that beats is alive; one that is silent for five seconds is not; nothing is locked", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "train.lock");
    const life = new Liveness(path);
    const clock = Date.now();
    assert.deepEqual(await life.look(0, clock), { alive: false, locked: false });
    const beat = (count: number) => Deno.writeFile(path, formatBeat("a", count));
    await beat(1);
    assert.deepEqual(await life.look(1000, clock), { alive: true, locked: true });
    assert.deepEqual(await life.look(5900, clock), { alive: true, locked: true });
    assert.deepEqual(await life.look(6100, clock), { alive: false, locked: true });
    // The clock of its disk may be any: once it changes, it lives.
    await beat(2);
    assert.deepEqual(await life.look(9000, clock + 3e9), { alive: true, locked: true });
    assert.deepEqual(await new Liveness(path).look(0, clock + 60_000), { alive: false, locked: true });

    await Deno.remove(path);
    await using lock = await FolderLock.take(path);
    await lock.confirmed;
    assert.equal((await life.look()).alive, true);
    // A second process sees it as it is, and a third one could not take it.
    await assert.rejects(FolderLock.take(path));
    await lock.check();
  }));

Deno.test("summarizeLines: best values with their epochs, time, and an estimate of the rest", () => {
  const lines = log(0.5, 0.2, null, 0.3);
  assert.deepEqual(summarizeLines(lines), {
    epoch: 4,
    bestDice: 0.8,
    bestDiceEpoch: 2,
    bestLoss: 0.2,
    bestLossEpoch: 2,
    seconds: 40,
    samplesPerSecond: null,
    started: "1969-12-31T23:59:50.000Z",
    updated: "1970-01-01T00:03:00.000Z",
  });
  assert.equal(secondsUntilEnd(lines, 10), 60);
  assert.equal(secondsUntilEnd(lines, 4), 0);
  assert.equal(secondsUntilEnd(lines, null), null);
  assert.equal(secondsUntilEnd([], 10), null);
  assert.equal(summarizeLines([]).bestDice, null);
});
