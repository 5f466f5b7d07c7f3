/**
 * How many batches are handed to the device before it is waited for.
 *
 * Waiting means reading the metrics so far: here, that blocks JavaScript until the device is done with everything,
 * and costs 10 ms more, in which the device has nothing to do. Never waiting is no way either: handing over does not
 * block, every batch in the queue holds a copy of its upload, and neither a progress bar nor Ctrl-C would be heard
 * before the epoch's end. So it is waited for at most once in so many seconds, earlier only where the uploads
 * would grow too large: 10 ms in 2 s is half a percent, and an epoch that is shorter is read once, at its end.
 *
 * @module
 */

/** Bytes of batches that may wait for the device. */
const MOST_BYTES = 512 * 2 ** 20;

/** Batches that may wait for the device: their commands need memory too. */
const MOST_BATCHES = 512;

/** The first batches are waited for one by one: the first compiles, the second tells the speed. */
const FIRST_READS = 2;

/** Tells when to wait. */
export class Pace {
  readonly #everySeconds: number;
  readonly #most: number;
  #allowed = 1;
  #waiting = 0;
  #reads = 0;
  #since = performance.now();
  #secondsPerBatch: number | null = null;

  /** Waits every so many seconds, or so many bytes of batches. */
  constructor(everySeconds: number, batchByteLength: number) {
    this.#everySeconds = everySeconds;
    this.#most = Math.max(1, Math.min(MOST_BATCHES, Math.floor(MOST_BYTES / batchByteLength)));
  }

  /** Seconds of a batch, by the last wait; null before the first that tells. */
  get secondsPerBatch(): number | null {
    return this.#secondsPerBatch;
  }

  /** Begins to measure: the device has nothing to do. */
  begin(): void {
    this.#since = performance.now();
    this.#waiting = 0;
  }

  /** Counts a batch that was handed over; true where it is time to wait. */
  handedOver(): boolean {
    return ++this.#waiting >= this.#allowed;
  }

  /** Says that the device is done with everything. */
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
