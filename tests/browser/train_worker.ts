/**
 * Trains in a thread of its own: waiting for the GPU blocks its thread, and here a board must keep answering. Posts how
 * the run ended.
 *
 * @module
 */
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { trainRun } from "../../src/training/train_run.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<TrainRunOptions>) => void;
  postMessage(message: unknown): void;
};

let stop: AbortController | undefined;

scope.onmessage = async ({ data }) => {
  // The second message stops the run.
  if (stop !== undefined) return stop.abort();
  stop = new AbortController();
  try {
    const { outcome, epochs } = await trainRun({ ...data, signal: stop.signal });
    scope.postMessage({ outcome, epochs });
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : `${error}` });
  }
};
