import assert from "node:assert/strict";
import { ImageQueue } from "../../../../src/page/server/dataset/image_queue.ts";

/** A queue of one, whose first job runs until `release` is called; what ran, in order. */
function busyQueue() {
  const queue = new ImageQueue<string>(1);
  const ran: string[] = [];
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const never = new AbortController().signal;
  const run = (key: string, signal = never) =>
    queue.run(key, async () => {
      ran.push(key);
      if (key === "first") await promise;
      return `${key} done`;
    }, signal);
  const first = run("first");
  return { queue, ran, run, release, first };
}

Deno.test("ImageQueue: works on few at a time, the latest wish first", async () => {
  const { ran, run, release, first } = busyQueue();
  const others = ["a", "b", "c"].map((key) => run(key));
  // Wished for again: it is in view.
  const again = run("a");
  assert.deepEqual(ran, ["first"]);
  release();
  assert.deepEqual(await Promise.all([first, ...others, again]), [
    "first done",
    "a done",
    "b done",
    "c done",
    "a done",
  ]);
  assert.deepEqual(ran, ["first", "a", "c", "b"], "each once");
});

Deno.test("ImageQueue: drops what nobody waits for any more, and keeps what others do", async () => {
  const { queue, ran, run, release, first } = busyQueue();
  const [one, other] = [new AbortController(), new AbortController()];
  const dropped = run("a", one.signal);
  const shared = [run("b", one.signal), run("b", other.signal)];
  const started = queue.run("first", () => Promise.resolve(""), one.signal);
  one.abort(new Error("scrolled away"));
  for (const gone of [dropped, shared[0]!, started]) await assert.rejects(gone, /scrolled away/);
  await assert.rejects(run("c", one.signal), /scrolled away/);
  assert.equal(queue.waiting, 1);
  release();
  assert.deepEqual(await Promise.all([first, shared[1]]), ["first done", "b done"]);
  assert.deepEqual(ran, ["first", "b"]);
});

Deno.test("ImageQueue: a failure is that of its job only", async () => {
  const queue = new ImageQueue<number>(2);
  const { signal } = new AbortController();
  const failing = queue.run("a", () => Promise.reject(new RangeError("too large")), signal);
  await assert.rejects(failing, /too large/);
  assert.equal(await queue.run("a", () => Promise.resolve(2), signal), 2);
});
