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
  #reported: Promise<void> = Promise.resolve();
  /** Lists of errors that belong to work that is being contained. */
  readonly #contained = new Set<GPUError[]>();

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
      this.#pop();
    }
  }

  /** Does work whose errors are its own, and resolves to them: they are reported to nobody else. */
  async contain(work: () => Promise<void>): Promise<readonly GPUError[]> {
    const errors: GPUError[] = [];
    this.#contained.add(errors);
    // For commands that are not watched.
    for (const filter of FILTERS) this.#device.pushErrorScope(filter);
    try {
      await work();
    } finally {
      this.#pop();
      await this.#reported;
      this.#contained.delete(errors);
    }
    return errors;
  }

  #pop(): void {
    const reports = FILTERS.map(() =>
      this.#device.popErrorScope().then((error) => error && this.#take(error))
    );
    // A lost device may reject; its loss has a report of its own. Without a value: it would hold that of all before it.
    this.#reported = Promise.allSettled([this.#reported, ...reports]).then(() => {});
  }

  #take(error: GPUError): void {
    if (this.#contained.size === 0) this.#report(error);
    for (const errors of this.#contained) errors.push(error);
  }

  /** Resolves once all errors of the work until now have been reported. */
  async reported(): Promise<void> {
    await this.#reported;
  }
}
