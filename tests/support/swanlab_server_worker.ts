/**
 * The loopback SwanLab server in a thread of its own, for tests whose own thread stands still. Posts its address,
 * then, for every message it gets, what has arrived until now and when.
 *
 * @module
 */
import { startSwanLabServer } from "./swanlab_server.ts";

const arrivals: { path: string; at: number }[] = [];
const server = startSwanLabServer({
  fail: ({ path }) => {
    arrivals.push({ path, at: Date.now() });
    return undefined;
  },
});

const scope = globalThis as unknown as { onmessage: () => void; postMessage(message: unknown): void };
scope.onmessage = () => scope.postMessage(arrivals);
scope.postMessage(server.host);
