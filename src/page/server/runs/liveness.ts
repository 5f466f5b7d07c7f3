/**
 * Whether a process trains in a run's folder, told from its lock file alone. The lock is never tried: that would be in
 * the way of a process that starts in this moment.
 *
 * @module
 */
import { readBoundedText } from "../../../fs/bounded_read.ts";
import { ifFound } from "../../../fs/paths.ts";

/** Milliseconds without a beat after which a process counts as gone; it beats twice per second. */
export const SILENT_MS = 5000;

/** What a lock file tells. */
export interface Life {
  /** Whether a process gave a sign of life within {@linkcode SILENT_MS}. */
  readonly alive: boolean;
  /** Whether there is a lock file: a process that ends in an orderly way removes it. */
  readonly locked: boolean;
}

/** Watches a lock file from look to look. */
export class Liveness {
  readonly #path: string;
  #text: string | null = null;
  #beat = -Infinity;

  /** The lock file, which need not exist. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Looks at the file. At the first look its age decides; from then on only whether it changes. */
  async look(now: number = performance.now(), clock: number = Date.now()): Promise<Life> {
    const text = await ifFound(readBoundedText(this.#path, 1024));
    if (text === null) {
      this.#text = null;
      this.#beat = -Infinity;
      return { alive: false, locked: false };
    }
    if (text !== this.#text) {
      // The clocks of this machine and of the disk may differ, so age is only a first guess.
      const age = this.#text === null ? clock - await writtenAt(this.#path) : 0;
      this.#beat = Math.abs(age) < SILENT_MS ? now - Math.max(age, 0) : -Infinity;
      this.#text = text;
    }
    return { alive: now - this.#beat < SILENT_MS, locked: true };
  }
}

async function writtenAt(path: string): Promise<number> {
  return (await ifFound(Deno.stat(path)))?.mtime?.getTime() ?? 0;
}
