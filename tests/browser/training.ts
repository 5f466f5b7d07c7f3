/**
 * Real training runs next to a board of this process.
 *
 * @module
 */
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { CACHE, phantoms } from "./fixtures.ts";

/** A run in a thread of its own. */
export interface LiveRun extends AsyncDisposable {
  /** Resolves when it ends; rejects if it fails. */
  readonly ended: Promise<{ outcome: string; epochs: number }>;
  /** Saves and stops after the current epoch's next batch. */
  stop(): void;
}

/** Starts to train a tiny network on the phantoms. */
export async function startTraining(
  folder: string,
  config: TrainRunOptions["config"],
  more: Partial<TrainRunOptions> = {},
): Promise<LiveRun> {
  const dataFolder = await phantoms();
  const worker = new Worker(import.meta.resolve("./train_worker.ts"), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<{ outcome: string; epochs: number }>();
  worker.onmessage = ({ data }) => {
    if (data.error === undefined) resolve(data);
    else reject(new Error(data.error));
    worker.terminate();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  const options: TrainRunOptions = {
    folder,
    dataFolder,
    cacheFolder: CACHE,
    config: { filters: 1, size: 32, batchSize: 4, epochs: 3, learningRate: 1e-3, ...config },
    tracking: { swanlab: "off", tensorboard: false },
    ...more,
  };
  worker.postMessage(options);
  promise.catch(() => {}); // it is read when it is waited for
  return {
    ended: promise,
    stop: () => worker.postMessage(null),
    [Symbol.asyncDispose]: async () => {
      worker.postMessage(null);
      await promise.catch(() => {});
    },
  };
}
