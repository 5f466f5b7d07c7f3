/**
 * Ctrl-C and SIGTERM: the first one stops the work in an orderly way, a second one ends the process at once.
 *
 * @module
 */
import type { FromInterruptWorker, ToInterruptWorker } from "./interrupt_worker.ts";
import { EXIT, ExitError } from "./task.ts";

/** Listens for a first signal. */
export interface Interruption {
  /** Aborted by the signal; the reason is the {@linkcode ExitError} that ends the task with the conventional code. */
  readonly signal: AbortSignal;
  /** Resolves when the listener is installed, or cannot be; before that a signal ends the process as usual. */
  readonly listening: Promise<void>;
  /** Stops listening: a signal then ends the process as usual. */
  release(): void;
}

/**
 * Listens for Ctrl-C and SIGTERM until released. At the first one `note` is printed, even while this thread waits for
 * the GPU; then `onNote` is called and the signal is aborted as soon as this thread is free. A second one ends the
 * process, except for a moment in which it may be an echo of the first. With a note of null nothing is printed; `also`
 * are further signals that mean the same.
 */
export function stopOnInterrupt(
  note: string | null,
  onNote: () => void = () => {},
  { also = [] }: { readonly also?: readonly Deno.Signal[] } = {},
): Interruption {
  const controller = new AbortController();
  const url = new URL("./interrupt_worker.ts", import.meta.url);
  if (Deno.permissions.querySync({ name: "read", path: url }).state !== "granted") {
    // Without the thread, Ctrl-C simply ends the task, which reports missing permissions itself.
    return { signal: controller.signal, listening: Promise.resolve(), release: () => {} };
  }
  const worker = new Worker(url, { type: "module" });
  const listening = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<FromInterruptWorker>) => {
    if (data === "listening") return listening.resolve();
    onNote();
    controller.abort(new ExitError(data === "SIGINT" ? EXIT.interrupted : EXIT.terminated));
  };
  worker.postMessage({ note, also } satisfies ToInterruptWorker);
  return {
    signal: controller.signal,
    listening: listening.promise,
    release: () => worker.terminate(),
  };
}

/**
 * Runs work that cleans up after itself if it throws, for example by `signal.throwIfAborted()` per image: the first
 * Ctrl-C or SIGTERM then ends the task and leaves nothing behind.
 */
export async function runStoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = stopOnInterrupt(
    "stopping and cleaning up; press Ctrl-C again to stop at once",
  );
  try {
    await stop.listening;
    return await work(stop.signal);
  } finally {
    stop.release();
  }
}
