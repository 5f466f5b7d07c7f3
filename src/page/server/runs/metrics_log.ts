/**
 * A run's `metrics.jsonl` as it grows: what was read is kept, and only new bytes are read.
 *
 * @module
 */
import { openRegular } from "../../../fs/bounded_read.ts";
import { ifFound } from "../../../fs/paths.ts";
import { readAt } from "../../../fs/read_at.ts";
import type { EpochLine } from "../../api/runs.ts";

/** Most bytes of a log: 30,000 epochs and more. */
const MOST_BYTES = 2 ** 25;

/** Bytes that are read at once. */
const BLOCK = 2 ** 20;

const LINE_FEED = 10;

/** Bytes before the new ones that must be as they were: a file that was written again is read again. */
const OVERLAP = 64;

/** The log. */
export class MetricsLog {
  readonly #path: string;
  #lines: EpochLine[] = [];
  #damaged = 0;
  #generation = 0;
  #size = 0;
  #read = 0;
  #inode: number | null = null;
  #modified: number | null = null;
  #tail: Uint8Array = new Uint8Array();
  #tooLarge = false;

  /** The log in the file `path`, which need not exist. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Its readable lines, in their order. Grows, unless {@linkcode generation} changes. */
  get lines(): readonly EpochLine[] {
    return this.#lines;
  }

  /** Lines that cannot be read. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Whether it is larger than what is read of it. */
  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  /** Changes when the log was not only appended to. */
  get generation(): number {
    return this.#generation;
  }

  /** When it was last written; null if it does not exist. */
  get modified(): number | null {
    return this.#modified;
  }

  /** Reads what is new; whether anything is. */
  async refresh(): Promise<boolean> {
    const info = await ifFound(Deno.stat(this.#path));
    if (info === null) {
      const had = this.#modified !== null;
      this.#reset();
      this.#modified = null;
      return had;
    }
    const modified = info.mtime?.getTime() ?? 0;
    if (info.ino === this.#inode && info.size === this.#size && modified === this.#modified) return false;
    using file = await openRegular(this.#path);
    if (info.ino !== this.#inode || info.size < this.#read || !this.#begins(file)) this.#reset();
    this.#inode = info.ino;
    this.#size = info.size;
    this.#modified = modified;
    await this.#append(file, info.size);
    return true;
  }

  #reset(): void {
    if (this.#read > 0 || this.#damaged > 0) this.#generation++;
    this.#lines = [];
    this.#damaged = 0;
    this.#read = 0;
    this.#inode = null;
    this.#tail = new Uint8Array();
    this.#tooLarge = false;
  }

  /** Whether what was read last is still before the new bytes. */
  #begins(file: Deno.FsFile): boolean {
    const before = new Uint8Array(this.#tail.length);
    return readAt(file, this.#read - before.length, before) &&
      before.every((byte, at) => byte === this.#tail[at]);
  }

  /** Reads up to `size`, line by line; a last line without an end waits for it. */
  async #append(file: Deno.FsFile, size: number): Promise<void> {
    const decoder = new TextDecoder();
    const end = Math.min(size, MOST_BYTES);
    this.#tooLarge = size > MOST_BYTES;
    while (this.#read < end) {
      const bytes = new Uint8Array(Math.min(BLOCK, end - this.#read));
      if (!readAt(file, this.#read, bytes)) break;
      const last = bytes.lastIndexOf(LINE_FEED);
      if (last < 0 && bytes.length < BLOCK) break;
      // What is longer than a block is no line.
      const whole = last < 0 ? bytes : bytes.subarray(0, last + 1);
      for (const line of last < 0 ? [""] : decoder.decode(whole).split("\n")) this.#add(line, last < 0);
      this.#advance(whole);
      // A long log is read while others are answered.
      if (this.#read < end) await new Promise((resolve) => setTimeout(resolve));
    }
  }

  #add(line: string, isDamaged: boolean): void {
    if (!isDamaged && line.trim() === "") return;
    const parsed = parseEpochLine(line);
    if (parsed === null) this.#damaged++;
    else this.#lines.push(parsed);
  }

  #advance(bytes: Uint8Array): void {
    this.#read += bytes.length;
    this.#tail = bytes.slice(-OVERLAP);
  }
}

/** What some programs write for numbers that JSON does not have. */
const NO_JSON = /(?<=[:,[]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g;

/** A line of a log; null if it is none. */
export function parseEpochLine(line: string): EpochLine | null {
  const value = parse(line) ?? parse(line.replace(NO_JSON, "null"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { epoch, time, ...rest } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(epoch) || (epoch as number) < 0) return null;
  const metrics: Record<string, number | null> = {};
  for (const [name, metric] of Object.entries(rest)) {
    if (metric !== null && typeof metric !== "number") continue;
    Object.defineProperty(metrics, name, {
      value: Number.isFinite(metric) ? metric : null,
      enumerable: true,
    });
  }
  const at = typeof time === "string" ? Date.parse(time) : NaN;
  return {
    epoch: epoch as number,
    time: Number.isNaN(at) ? null : new Date(at).toISOString(),
    metrics,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
