/**
 * Work on images, few at a time: what somebody waits for comes before what runs in the background, and the latest wish
 * first, since a list was scrolled on meanwhile. Wishes that nobody waits for any more are dropped.
 *
 * @module
 */

interface Job<T> {
  readonly work: () => Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
  /** Whoever waits for it; null if somebody waits in any case. */
  waiting: number;
}

/** A queue whose results are told apart by keys. */
export class ImageQueue<T> {
  readonly #most: number;
  readonly #jobs = new Map<string, { job: Job<T>; promise: Promise<T>; started: boolean }>();
  readonly #urgent: string[] = [];
  #running = 0;

  /** Works on at most `most` images at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * The result of `work`, which is shared with whoever else wants that of the same key.
   *
   * Rejects with the signal's reason if it is aborted; work that has not begun is then dropped, unless others wait.
   */
  run(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    let entry = this.#jobs.get(key);
    if (entry === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      // Whoever waits sees the failure; a dropped job has nobody.
      promise.catch(() => {});
      entry = { job: { work, resolve, reject, waiting: 0 }, promise, started: false };
      this.#jobs.set(key, entry);
    }
    if (!entry.started) {
      const at = this.#urgent.indexOf(key);
      if (at >= 0) this.#urgent.splice(at, 1);
      this.#urgent.push(key);
    }
    const { job, promise } = entry;
    job.waiting++;
    const own = Promise.withResolvers<T>();
    const abort = () => {
      job.waiting--;
      own.reject(signal.reason);
      if (job.waiting === 0 && !entry.started) this.#drop(key);
    };
    signal.addEventListener("abort", abort, { once: true });
    promise.then(own.resolve, own.reject).finally(() => signal.removeEventListener("abort", abort));
    this.#next();
    return own.promise;
  }

  /** Jobs that wait to begin. */
  get waiting(): number {
    return this.#urgent.length;
  }

  #drop(key: string): void {
    this.#jobs.delete(key);
    const at = this.#urgent.indexOf(key);
    if (at >= 0) this.#urgent.splice(at, 1);
  }

  #next(): void {
    while (this.#running < this.#most && this.#urgent.length > 0) {
      const key = this.#urgent.pop()!;
      const entry = this.#jobs.get(key)!;
      entry.started = true;
      this.#running++;
      entry.job.work().then(entry.job.resolve, entry.job.reject).finally(() => {
        this.#jobs.delete(key);
        this.#running--;
        this.#next();
      });
    }
  }
}
