/**
 * What a device reports of commands, as promises that a read can await. Its event for errors comes in a turn of the event
 * loop that nothing else can wait for: a timer does most of the time, and takes 2 ms; a message to itself does not.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The last is asked first: what is invalid may be so for lack of memory. */
const FILTERS: readonly GPUErrorFilter[] = ["validation", "internal", "out-of-memory"];

/** Collects the errors of commands of one device. */
export class ErrorScopes {
  readonly #device: GPUDevice;
  readonly #report: (error: GPUError) => void;
  #reported: Promise<unknown> = Promise.resolve();

  /** @param report called with every error, in their order */
  constructor(device: GPUDevice, report: (error: GPUError) => void) {
    this.#device = device;
    this.#report = report;
  }

  /** Does work that hands commands to the device and waits for nothing, and collects what the device reports of it. */
  watch<T>(work: () => T): T {
    const device = this.#device;
    for (const filter of FILTERS) device.pushErrorScope(filter);
    try {
      return work();
    } finally {
      const reports = FILTERS.map(() => device.popErrorScope().then((error) => error && this.#report(error)));
      // A lost device may reject; its loss has a report of its own.
      this.#reported = Promise.allSettled([this.#reported, ...reports]);
    }
  }

  /** Resolves once all errors of the work until now have been reported. */
  async reported(): Promise<void> {
    await this.#reported;
  }
}
