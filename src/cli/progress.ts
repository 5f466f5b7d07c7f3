/**
 * A progress bar on a terminal, otherwise a plain line now and then; always on standard error.
 *
 * @module
 */
import { formatSeconds } from "../format.ts";
import { escapeControls } from "../escape.ts";
import { CONTROL, moveCursor, writeStderr } from "./terminal.ts";

/** Settings of a {@linkcode Progress}. */
export interface ProgressOptions {
  /** What is in progress, such as `downloading` or `epoch 3/40`. */
  label: string;
  /** Total units of work; 0 if unknown. */
  total: number;
  /** Units finished before this process: they count as done, but not towards the speed. */
  start?: number;
  /** How a count is displayed; as an integer by default. */
  format?: (count: number) => string;
  /** What is counted, displayed with the speed, such as `images`. */
  unit?: string;
  /** Minimum seconds between plain lines if standard error is not a terminal. */
  plainEverySeconds?: number;
}

/** Displays the progress of some work, its speed and the remaining time. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #start = performance.now();
  #last = -Infinity;
  #drawn = false;

  /** Starts a bar; nothing is drawn until the first update. */
  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Reports that `count` units are done; `detail` is appended to the line. */
  update(count: number, detail = ""): void {
    const now = performance.now();
    const wait = this.#terminal ? 100 : 1000 * (this.#options.plainEverySeconds ?? 10);
    if (now - this.#last < wait) return;
    this.#last = now;
    this.#draw(count, detail);
  }

  /** Draws the last state and ends the line; `detail` replaces the speed. */
  finish(count: number, detail = ""): void {
    this.#draw(count, detail);
    if (this.#terminal) writeStderr("\n");
    this.#drawn = false;
  }

  /** Removes the bar from a terminal, so that a message can be printed. */
  clear(): void {
    if (this.#terminal && this.#drawn) moveCursor(CONTROL.eraseLine);
    this.#drawn = false;
  }

  #draw(count: number, detail: string): void {
    const { label, total, start = 0, unit } = this.#options;
    const format = this.#options.format ?? ((n: number) => String(n));
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = (count - start) / seconds;
    const shown = rate < 10 && !this.#options.format ? rate.toFixed(1) : format(Math.round(rate));
    const speed = seconds > 0.2 && count > start ? `${shown}${unit ? ` ${unit}` : ""}/s` : "";
    const left = total > 0 && count > start && count < total && seconds > 0.5
      ? `${formatSeconds((seconds / (count - start)) * (total - count))} left`
      : "";
    const share = total > 0 ? Math.min(1, count / total) : 0;
    const counts = total > 0 ? `${format(count)}/${format(total)}` : format(count);
    const numbers = [counts, speed, left, detail].filter((part) => part !== "").join("  ");
    if (this.#terminal) {
      const bar = total > 0 ? { share } : {};
      moveCursor(CONTROL.eraseLine);
      writeStderr(progressLine({ label: escapeControls(label), numbers, ...bar }, consoleSize().columns - 1));
      this.#drawn = true;
    } else {
      writeStderr(`${label} ${numbers}\n`);
    }
  }
}

/** Cells of a progress bar at most, and at least: a shorter one tells less than its place is worth. */
const BAR = { most: 24, least: 8 };

/** A line of at most `width` characters; the bar shrinks, or is left out, before numbers are cut. */
export function progressLine(
  { label, share, numbers }: { label: string; share?: number; numbers: string },
  width: number,
): string {
  const cells = Math.min(BAR.most, width - label.length - numbers.length - 4);
  const bar = share !== undefined && cells >= BAR.least
    ? `[${"#".repeat(Math.round(cells * share)).padEnd(cells, ".")}] `
    : "";
  return `${label} ${bar}${numbers}`.slice(0, width);
}

/** The terminal's size, or 80 by 24 if there is none. */
export function consoleSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}

/** Displays work that has phases: a bar for each, in its turn. */
export class PhaseProgress {
  #phase: string | undefined;
  #bar: Progress | undefined;

  /** Reports that `done` of the `total` units of a phase are done. */
  update(phase: string, done: number, total: number): void {
    if (phase !== this.#phase) {
      this.clear();
      this.#bar = new Progress({ label: phase, total });
      this.#phase = phase;
    }
    this.#bar!.update(done);
  }

  /** Removes the bar from a terminal, so that a message can be printed. */
  clear(): void {
    this.#bar?.clear();
  }
}
