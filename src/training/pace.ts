/**
 * How many batches are handed to the device between two waits.
 *
 * Waiting means reading the metrics: in Deno that blocks JavaScript until the device is done with everything, which then
 * is idle until it gets the next batch; other runtimes may wait for longer. Never waiting is not an option: submitting does not block, every batch in
 * the queue holds a copy of its upload, and neither a progress bar nor Ctrl-C would work before the end of the epoch. So
 * there is one wait per some seconds, earlier only if the uploads would grow too large; an epoch that is shorter is read
 * once, at its end.
 *
 * @module
 */

/** Maximum bytes of batches in the queue. */
const MOST_BYTES = 512 * 2 ** 20;

/** Maximum batches in the queue: their commands need memory too. */
const MOST_BATCHES = 512;

/** The first batches are waited for one by one: the first compiles, the second shows the speed. */
const FIRST_READS = 2;

/** Decides when to wait. */
export class Pace {
  readonly #everySeconds: number;
  readonly #most: number;
  #allowed = 1;
  #waiting = 0;
  #reads = 0;
  #since = performance.now();
  #secondsPerBatch: number | null = null;

  /** Waits every `everySeconds`, or earlier if batches of `batchByteLength` bytes fill the queue. */
  constructor(everySeconds: number, batchByteLength: number) {
    this.#everySeconds = everySeconds;
    this.#most = Math.max(1, Math.min(MOST_BATCHES, Math.floor(MOST_BYTES / batchByteLength)));
  }

  /** Seconds per batch before the last wait; null until the second wait. */
  get secondsPerBatch(): number | null {
    return this.#secondsPerBatch;
  }

  /** Starts measuring; the device must be idle. */
  begin(): void {
    this.#since = performance.now();
    this.#waiting = 0;
  }

  /** Counts a submitted batch; returns whether it is time to wait. */
  submitted(): boolean {
    return ++this.#waiting >= this.#allowed;
  }

  /** Says that the device has finished everything. */
  waited(): void {
    const now = performance.now();
    const seconds = (now - this.#since) / 1000 / Math.max(1, this.#waiting);
    this.#since = now;
    this.#waiting = 0;
    if (++this.#reads < FIRST_READS) return;
    this.#secondsPerBatch = seconds;
    this.#allowed = Math.max(1, Math.min(this.#most, Math.floor(this.#everySeconds / seconds)));
  }
}
