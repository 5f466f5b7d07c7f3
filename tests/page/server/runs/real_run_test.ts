/** The states of a real run, from its first epoch to its last. */
import assert from "node:assert/strict";
import { WatchedRun } from "../../../../src/page/server/runs/watched_run.ts";
import { trainRun } from "../../../../src/training/train_run.ts";
import { openTestGpu } from "../../../support/test_gpu.ts";
import { TINY } from "../../../support/tiny_data.ts";
import { withRuns } from "../../../support/tiny_run.ts";

await openTestGpu();

Deno.test("WatchedRun: a real run is running, stopped after a signal, running when resumed, and finished", () =>
  withRuns(async (run) => {
    const options = run("real", { config: { ...TINY, epochs: 2 }, samples: 2 });
    const { folder } = options;
    const watched = new WatchedRun("real", folder);
    const seen: string[] = [];
    const look = async () => seen.push((await watched.refresh()).state);
    const stop = new AbortController();
    const looks: Promise<unknown>[] = [];
    const onEpoch = () => {
      looks.push(look());
      stop.abort();
    };
    const stopped = await trainRun({ ...options, signal: stop.signal }, { onEpoch });
    await Promise.all(looks);
    assert.equal(stopped.outcome, "interrupted");
    await look();
    assert.deepEqual(seen, ["running", "stopped"]);
    const { summary, config, samples, lines } = await watched.detail();
    assert.deepEqual([summary.epoch, summary.epochs, summary.problems], [1, 2, []]);
    assert.ok(summary.memoryBytes! > 0 && config?.memory_bytes === summary.memoryBytes);
    assert.deepEqual(samples.map(({ sample, epoch }) => [sample, epoch]), [[1, 1], [2, 1]]);
    assert.equal(lines[0]!.metrics["valid/loss"], summary.bestLoss);

    await trainRun({ ...options, resume: true }, { onEpoch });
    await Promise.all(looks);
    await look();
    assert.deepEqual(seen, ["running", "stopped", "running", "finished"]);
  }));
