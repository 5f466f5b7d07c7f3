import assert from "node:assert/strict";
import { repeat, summarize, takeTurns } from "../../src/tuning/timing.ts";

Deno.test("summarize: gives the best and the median of odd and even counts, in any order", () => {
  assert.deepEqual(summarize([3, 1, 2]), { runs: 3, best: 1, median: 2 });
  assert.deepEqual(summarize([4, 1, 3, 2]), { runs: 4, best: 1, median: 2.5 });
  assert.deepEqual(summarize([7]), { runs: 1, best: 7, median: 7 });
  assert.throws(() => summarize([]), RangeError);
});

Deno.test("takeTurns: runs every contestant once per round, in order, within the limits of rounds", async () => {
  const order: string[] = [];
  const contestant = (name: string, seconds: number[]) => ({
    run: () => {
      order.push(name);
      return Promise.resolve(seconds.shift()!);
    },
  });
  const hasty = [contestant("a", [3, 1, 2]), contestant("b", [6, 5, 4])];
  assert.deepEqual(await takeTurns(hasty, { seconds: 0 }), [
    { runs: 3, best: 1, median: 2 },
    { runs: 3, best: 4, median: 5 },
  ]);
  assert.deepEqual(order, ["a", "b", "a", "b", "a", "b"]);
  const patient = contestant("c", [1, 2, 3, 4, 5]);
  assert.deepEqual(await takeTurns([patient], { seconds: 60, most: 2 }), [{ runs: 2, best: 1, median: 1.5 }]);
});

Deno.test("repeat: repeats short work until a measurement is long enough, and long work not at all", async () => {
  const work = async (times: number) => {
    calls.push(times);
    await new Promise((resolve) => setTimeout(resolve, times));
  };
  const calls: number[] = [];
  const short = await repeat(work, 0.03);
  assert.ok(short.times > 1, `${short.times}`);
  assert.deepEqual(calls.slice(0, 2), [1, 1], "one to warm up, and one to measure");
  const seconds = await short.run();
  assert.equal(calls.at(-1), short.times);
  // A timer never fires early, so one repetition takes at least a millisecond.
  assert.ok(seconds >= 0.0009, `${seconds}`);
  calls.length = 0;
  const long = await repeat(work, 0);
  assert.deepEqual([long.times, calls], [1, [1, 1]]);
  assert.ok(long.firstSeconds > 0);
});
