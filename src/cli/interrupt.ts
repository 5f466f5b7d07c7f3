/**
 * Ctrl-C: the first one asks the work to save and stop, a second one ends the process at once.
 *
 * @module
 */
import type { FromInterruptWorker, ToInterruptWorker } from "./interrupt_worker.ts";

/** A first Ctrl-C to come. */
export interface Interruption {
  /** Aborted by it. */
  readonly signal: AbortSignal;
  /** Resolves when it is listened for, or cannot be; until then it ends the process, as it does by itself. */
  readonly listening: Promise<void>;
  /** Listens no more: Ctrl-C ends the process again. */
  release(): void;
}

/**
 * Listens for Ctrl-C until released. At the first one `note` is printed, even while this thread waits for the GPU,
 * then `onNote` is called and the signal is aborted as soon as this thread can; nobody listens to a second one.
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
    controller.abort();
  };
  worker.postMessage({ note } satisfies ToInterruptWorker);
  return {
    signal: controller.signal,
    listening: listening.promise,
    release: () => worker.terminate(),
  };
}
