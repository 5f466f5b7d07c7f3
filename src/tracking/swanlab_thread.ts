/**
 * The training's side of a live SwanLab run: hands everything to a thread of its own and never waits.
 *
 * The thread is needed because waiting for the GPU stops the JavaScript of the thread that waits, often for a
 * whole epoch: requests sent from there would time out with their answers at the door.
 *
 * @module
 */
import type { Metrics, RunEnd, Sink, TrackedImage, TrackedText } from "./sink.ts";
import type { SwanLabRun } from "./swanlab_format.ts";
import type { SwanLabOnlineOptions } from "./swanlab_online.ts";
import type { FromWorker, ToWorker } from "./swanlab_worker.ts";

// Over what the thread itself allows for the end: only a thread that hangs or never started is cut off.
const GRACE_SECONDS = 5;

/** A live SwanLab run in a thread of its own. */
export class SwanLabThread implements Sink {
  /** Its name for messages. */
  readonly name = "SwanLab";
  readonly #worker: Worker;
  readonly #finishSeconds: number;
  readonly #done = Promise.withResolvers<void>();
  #lastStep = -1;

  /** Starts the thread, which logs in at once. `onNote` gets lines for the user. */
  constructor(run: SwanLabRun, options: SwanLabOnlineOptions, onNote: (message: string) => void) {
    this.#finishSeconds = options.finishSeconds ?? 15;
    this.#worker = new Worker(new URL("./swanlab_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("note" in data) onNote(data.note);
      else this.#done.resolve();
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onNote(`SwanLab gets no more of this run, training goes on: ${event.message}`);
      this.#done.resolve();
    };
    this.#post({ open: run, options });
  }

  /** The last step whose numbers were handed over, -1 when none. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Hands over the numbers of one epoch. */
  scalars(step: number, metrics: Metrics, time: Date): Promise<void> {
    this.#lastStep = step;
    return this.#post({ scalars: metrics, step, time });
  }

  /** Hands over an image. */
  image(image: TrackedImage, time: Date): Promise<void> {
    return this.#post({ image, time });
  }

  /** Hands over a text. */
  text(text: TrackedText, time: Date): Promise<void> {
    return this.#post({ text, time });
  }

  /** Hands over the end, waits a bounded time until all is sent, and ends the thread. */
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
