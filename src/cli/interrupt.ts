/**
 * Ctrl-C and SIGTERM: the first one asks the work to stop in order, a second one ends the process at once.
 *
 * @module
 */
import type { FromInterruptWorker, ToInterruptWorker } from "./interrupt_worker.ts";
import { EXIT, ExitError } from "./task.ts";

/** A first signal to come. */
export interface Interruption {
  /** Aborted by it; the reason is the {@linkcode ExitError} that ends the task as shells expect. */
  readonly signal: AbortSignal;
  /** Resolves when it is listened for, or cannot be; until then it ends the process, as it does by itself. */
  readonly listening: Promise<void>;
  /** Listens no more: a signal ends the process again. */
  release(): void;
}

/**
 * Listens for Ctrl-C and SIGTERM until released. At the first one `note` is printed, even while this thread waits for
 * the GPU, then `onNote` is called and the signal is aborted as soon as this thread can; nobody listens to a second
 * one, but for the moment in which it may be the first one's echo.
 */
export function stopOnInterrupt(note: string, onNote: () => void = () => {}): Interruption {
  const controller = new AbortController();
  const url = new URL("./interrupt_worker.ts", import.meta.url);
  if (Deno.permissions.querySync({ name: "read", path: url }).state !== "granted") {
    // Without the thread Ctrl-C simply ends the task, which will say by itself what else it lacks.
    return { signal: controller.signal, listening: Promise.resolve(), release: () => {} };
  }
  const worker = new Worker(url, { type: "module" });
  const listening = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<FromInterruptWorker>) => {
    if (data === "listening") return listening.resolve();
    onNote();
    controller.abort(new ExitError(data === "SIGINT" ? EXIT.interrupted : EXIT.terminated));
  };
  worker.postMessage({ note } satisfies ToInterruptWorker);
  return {
    signal: controller.signal,
    listening: listening.promise,
    release: () => worker.terminate(),
  };
}

/**
 * Runs work that leaves nothing behind where it throws, such as `signal.throwIfAborted()` once an image: the first
 * Ctrl-C or SIGTERM then ends the task without a trace of it.
 */
export async function runStoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = stopOnInterrupt(
    "stopping, and clearing away what was begun; press Ctrl-C again to stop at once",
  );
  try {
    await stop.listening;
    return await work(stop.signal);
  } finally {
    stop.release();
  }
}
