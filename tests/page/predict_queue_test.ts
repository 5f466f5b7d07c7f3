import assert from "node:assert/strict";
import { Queue, type QueuedFile } from "../../src/page/app/predict/queue.ts";

const file = (path: string): QueuedFile => ({ path, file: new File([path], path, { lastModified: 1 }) });
const states = (queue: Queue<string>) => queue.items.map(({ path, state }) => `${path} ${state}`);

/** A queue whose work ends when the test says so. */
function controlled() {
  const pending = new Map<string, PromiseWithResolvers<string>>();
  const order: string[] = [];
  const queue = new Queue<string>(() => {});
  const work = ({ path }: QueuedFile) => {
    order.push(path);
    const promise = Promise.withResolvers<string>();
    pending.set(path, promise);
    return promise.promise;
  };
  const settle = async (path: string, error?: string) => {
    if (error === undefined) pending.get(path)!.resolve(`result of ${path}`);
    else pending.get(path)!.reject(new Error(error));
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { queue, work, settle, order };
}

Deno.test("Queue: one image at a time, in order; a failed one does not stop the next", async () => {
  const { queue, work, settle, order } = controlled();
  queue.add([file("a"), file("b"), file("c")]);
  assert.deepEqual(states(queue), ["a waiting", "b waiting", "c waiting"]);
  queue.start(work);
  await settle("a");
  await settle("b", "Cannot read\nhint: try another");
  assert.deepEqual(states(queue), ["a done", "b failed", "c working"]);
  assert.deepEqual(queue.items.map(({ result, error }) => result ?? error), [
    "result of a",
    "Cannot read\nhint: try another",
    null,
  ]);
  await settle("c");
  queue.retry(1);
  await settle("b");
  assert.deepEqual(queue.counts, { all: 3, done: 3, waiting: 0, working: 0, failed: 0, cancelled: 0 });
  assert.deepEqual(order, ["a", "b", "c", "b"]);
});

Deno.test("Queue: cancelling and removing drop the result of what is computed, and the next one begins", async () => {
  const { queue, work, settle, order } = controlled();
  queue.start(work);
  queue.add([file("a"), file("b"), file("c"), file("d")]);
  queue.cancel(0);
  assert.deepEqual(states(queue), ["a cancelled", "b working", "c waiting", "d waiting"]);
  await settle("a");
  queue.cancel(2);
  queue.remove(1);
  await settle("b");
  assert.deepEqual(states(queue), ["a cancelled", "c cancelled", "d working"]);
  await settle("d");
  assert.deepEqual(order, ["a", "b", "d"]);
  queue.remove(...queue.items.map(({ id }) => id));
  assert.equal(queue.counts.all, 0);
});

Deno.test("Queue: the same file is added once; another model predicts everything again", async () => {
  const { queue, work, settle, order } = controlled();
  assert.equal(queue.add([file("a"), file("a"), file("b")]).length, 2);
  assert.equal(queue.add([file("a")]).length, 0);
  queue.start(work);
  await settle("a");
  queue.cancel(1);
  queue.start(work);
  assert.deepEqual(states(queue), ["a working", "b cancelled"]);
  await settle("a");
  assert.deepEqual(order, ["a", "b", "a"]);
});
