/** Steps on ranks: what is measured, and the network that is computed from it. */
import assert from "node:assert/strict";
import { measureRankStep } from "../../src/benchmark/rank_step.ts";
import { networkNeeds } from "../../src/benchmark/ranks.ts";
import { renderRanks } from "../../src/benchmark/ranks_report.ts";
import { SINGLE_RANK } from "../../src/training/collective.ts";
import { command } from "../../tasks/bench.ts";
import { runInProcess } from "../support/run_task.ts";
import { openTestGpu } from "../support/test_gpu.ts";

Deno.test("measureRankStep: the time of a step, of waiting and of the exchange, per step", async () => {
  const times = { waiting: 5, exchanging: 7 };
  let calls = 0;
  const allReduce = () => {
    calls++;
    times.waiting += 1;
    times.exchanging += 2;
    return Promise.resolve();
  };
  const shape = { filters: 1, size: 32, batch: 2 };
  const step = await measureRankStep(await openTestGpu(), shape, { ...SINGLE_RANK, allReduce, times }, 0);
  const exchanges = step.waiting;
  assert.ok(step.step > 0);
  assert.equal(step.exchanging, 2 * exchanges);
  assert.ok(Number.isInteger(3 * exchanges) && 3 * exchanges <= calls, "three steps after two to warm up");
  assert.equal(step.gradientBytes % 256, 0);
  assert.equal(step.adapters.length, 1);
});

Deno.test("networkNeeds: a ring's bytes in the time that is left of a step", () => {
  // 0.9 s of 1 s may be computed in: 0.1 s are left, less the host's 0.05 s and 14 messages.
  const [eight, many] = networkNeeds({ step: 0.9, host: 0.05, bytes: 1e6 }, [8, 512]);
  const expected = 8 * (2 * 7 / 8 * 1e6) / (0.05 - 14 * 20e-6);
  assert.ok(Math.abs(eight!.bitsPerSecond / expected - 1) < 1e-9);
  const largest = 8 * (2 * 511 / 512 * 1e6) / (0.05 - 1022 * 20e-6);
  assert.ok(Math.abs(many!.bitsPerSecond / largest - 1) < 1e-9);
  const [none] = networkNeeds({ step: 0.09, host: 0.01, bytes: 1e6 }, [8]);
  assert.equal(none!.bitsPerSecond, Infinity);
});

Deno.test("renderRanks: a row per number of ranks, and the network or why none suffices", () => {
  const scaling = {
    ...{ filters: 8, size: 128, batch: 16, gradientBytes: 8e6, threads: { 1: 2, 2: 1 } },
    adapters: ["A", "A"],
    rows: [
      { ranks: 1, step: 0.8, waiting: 0, exchanging: 0, speedup: 1 },
      { ranks: 2, step: 0.5, waiting: 0.02, exchanging: 0.01, speedup: 1.6 },
    ],
  };
  const text = renderRanks(scaling);
  assert.match(text, /^ {2}2 +500\.0 +32\.0 +1\.60 +10\.0 +2\.0 % +20\.0 +4\.0 %$/m);
  assert.match(
    text,
    /ranks 0, 1 on A\n {2}network for 90 % .* with 8 images each and 8\.0 MB .*: 8 ranks 2\.\d\d Gbit\/s, 64 /,
  );
  const slow = scaling.rows.map((row) => ({ ...row, exchanging: 0.2 }));
  assert.match(renderRanks({ ...scaling, rows: slow }), /no network allows 90 %/);
});

Deno.test("bench: --ranks takes counts, and not the sections' flags", async () => {
  for (
    const args of [["--ranks", "0"], ["--ranks", "1,x"], ["--ranks", "1", "--peers"], [
      "--gpu",
      "--ranks",
      "2",
    ]]
  ) {
    assert.equal((await runInProcess(command(), args)).code, 2, args.join(" "));
  }
});
