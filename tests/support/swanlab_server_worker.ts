/**
 * The SwanLab server in a thread of its own, for tests that block their thread. Posts its address, and then, for every
 * message, what has arrived so far and when.
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
