/**
 * Training's side of a live SwanLab run: passes everything to a thread of its own and never waits.
 *
 * Waiting for the GPU blocks the JavaScript of a thread, often for a whole epoch: requests from there would time out
 * before their answers are read.
 *
 * @module
 */
import type {
  Metrics,
  OpenBackendRequest,
  RunEnd,
  TrackedImage,
  TrackedRun,
  TrackedText,
  TrackingBackend,
} from "./backend.ts";
import type { SwanLabOnlineOptions } from "./swanlab_online.ts";
import type { FromWorker, ToWorker } from "./swanlab_worker.ts";

// On top of the thread's own limit: terminates only a thread that hangs or never started.
const GRACE_SECONDS = 5;

/** The {@linkcode OpenBackend} of SwanLab's server. */
export function openSwanLabServer(
  { run, options, onNote }: OpenBackendRequest,
): Promise<TrackingBackend | null> {
  const online = options.swanlab === "online";
  return Promise.resolve(online ? new SwanLabThread(run, options.online!, onNote) : null);
}

/** A live SwanLab run in a thread of its own. */
export class SwanLabThread implements TrackingBackend {
  /** Its name in messages. */
  readonly name = "SwanLab";
  readonly #worker: Worker;
  readonly #finishSeconds: number;
  readonly #done = Promise.withResolvers<void>();
  #lastStep = -1;

  /** Starts the thread, which logs in at once. `onNote` receives lines for the user. */
  constructor(run: TrackedRun, options: SwanLabOnlineOptions, onNote: (message: string) => void) {
    this.#finishSeconds = options.finishSeconds ?? 15;
    this.#worker = new Worker(new URL("./swanlab_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("note" in data) onNote(data.note);
      else this.#done.resolve();
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onNote(`SwanLab receives no more of this run, training continues: ${event.message}`);
      this.#done.resolve();
    };
    this.#post({ open: run, options });
  }

  /** The last step whose numbers were passed on, -1 without any. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Passes on the numbers of one epoch. */
  scalars(step: number, metrics: Metrics, time: Date): Promise<void> {
    this.#lastStep = step;
    return this.#post({ scalars: metrics, step, time });
  }

  /** Passes on an image. */
  image(image: TrackedImage, time: Date): Promise<void> {
    return this.#post({ image, time });
  }

  /** Passes on a text. */
  text(text: TrackedText, time: Date): Promise<void> {
    return this.#post({ text, time });
  }

  /** Passes on the end of the run, waits a bounded time until everything is sent, and ends the thread. */
  async finish(end: RunEnd): Promise<void> {
    this.#post({ finish: end });
    const timer = setTimeout(this.#done.resolve, (this.#finishSeconds + GRACE_SECONDS) * 1000);
    await this.#done.promise;
    clearTimeout(timer);
    this.#worker.terminate();
  }

  #post(message: ToWorker): Promise<void> {
    this.#worker.postMessage(message);
    return Promise.resolve();
  }
}
