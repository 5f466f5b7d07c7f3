/**
 * The one place where text meets the terminal: whatever files bring along (names, categories, metadata) cannot move the
 * cursor, color or hide text, or change its direction.
 *
 * @module
 */
import { writeWholeSync } from "../fs/write_whole.ts";
import { escapeControls } from "../escape.ts";

const encoder = new TextEncoder();

/** What this product itself sends to a terminal; escaped in a text, since there it can only come from a file. */
export const CONTROL = {
  /** To the start of the line, which is erased. */
  eraseLine: "\r\x1b[K",
  /** Up by `lines`, from where everything is erased. */
  eraseUp: (lines: number): string => `\x1b[${lines}A\x1b[J`,
} as const;

/** Writes all of `text` to standard output, where a task's result goes; see {@linkcode escapeControls}. */
export function writeStdout(text: string): void {
  writeAll(Deno.stdout, escapeControls(text));
}

/** Writes all of `text` to standard error, where progress, notes and warnings go; see {@linkcode escapeControls}. */
export function writeStderr(text: string): void {
  writeAll(Deno.stderr, escapeControls(text));
}

/** Moves the cursor of the terminal at standard error. */
export function moveCursor(control: string): void {
  writeAll(Deno.stderr, control);
}

/** Passes on the output of a program of this project's own, such as the colored one of the tests, as it is. */
export function passThrough(stream: "stdout" | "stderr", text: string): void {
  writeAll(Deno[stream], text);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    writeWholeSync(stream, encoder.encode(text));
  } catch (error) {
    // A reader that closes its end (`... | head`) is not a failure of the task.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
