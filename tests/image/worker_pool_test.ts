import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { WorkerPool } from "../../src/image/worker_pool.ts";

/** Sends the given answer after the given number of milliseconds. */
const WORKER = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", ({ answer, after }) => setTimeout(() => parentPort.postMessage({ answer }), after));
`;

function pool(seconds: number): WorkerPool<number> {
  return new WorkerPool<number>({
    start: () => new Worker(WORKER, { eval: true }),
    workers: 1,
    seconds,
    action: "wait",
  });
}

/** Blocks this thread, as waiting for the GPU does, or the machine's sleep. */
function block(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000 * seconds);
}

Deno.test("WorkerPool: abandons a task that takes too long and starts a new Worker for the next", async () => {
  const workers = pool(1);
  try {
    await assert.rejects(workers.run({ answer: 1, after: 60_000 }), {
      name: "RangeError",
      message: "Cannot wait: it took more than 1 s",
    });
    assert.equal(await workers.run({ answer: 2, after: 0 }), 2);
  } finally {
    await workers.close();
  }
});

Deno.test("WorkerPool: time in which this thread was blocked does not count against a task", async () => {
  const workers = pool(1);
  try {
    assert.equal(await workers.run({ answer: 0, after: 0 }), 0); // the Worker is running
    const answer = workers.run({ answer: 3, after: 100 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    block(2);
    assert.equal(await answer, 3);
  } finally {
    await workers.close();
  }
});

Deno.test("WorkerPool: closed while idle, it starts again as often as it is asked", async () => {
  const workers = pool(5);
  for (let time = 0; time < 4; time++) {
    assert.equal(await workers.run({ answer: time, after: 0 }), time);
    await workers.close();
  }
});
