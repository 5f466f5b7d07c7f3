/**
 * What every task shares: a commander command, run with this project's exit codes and error lines.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { writeWholeSync } from "../fs/write_whole.ts";

/** Exit codes of every task. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** Thrown by a task whose work partly failed after it already reported why: sets the exit code alone. */
export class ExitError extends Error {
  /** Ends the task with `code` and prints nothing more. */
  constructor(readonly code: number) {
    super(`exit ${code}`);
    this.name = "ExitError";
  }
}

/** A command that throws in place of exiting, suggests the nearest flag, and prints help to standard output. */
export function createCommand(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option("--verbose", "print stack traces of errors")
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => writeStdout(text),
      writeErr: (text) => writeStderr(text),
      // The default asks the environment, which no task may read.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
}

/**
 * Parses the arguments and runs the command's action; returns the exit code.
 *
 * Errors become `error: ...` and, where the message has a second line `hint: ...`, that line too.
 */
export async function runTask(command: Command, args: readonly string[] = Deno.args): Promise<number> {
  try {
    await command.parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ExitError) return error.code;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    reportError(error, { verbose: args.includes("--verbose"), task: command.name() });
    return EXIT.failed;
  }
}

/** Runs a command as the whole program: what `if (import.meta.main)` of a task calls. */
export async function main(command: Command): Promise<never> {
  Deno.exit(await runTask(command));
}

/**
 * Prints one `error:` line (and the `hint:` line of its message, if any) to standard error, and with `verbose` the
 * stack; `task` names the one that failed.
 */
export function reportError(
  error: unknown,
  { verbose = false, task = "TASK" }: { verbose?: boolean; task?: string } = {},
): void {
  const known = error instanceof Error ? error : new Error(String(error));
  writeStderr(`error: ${describe(known, task)}\n`);
  if (verbose) writeStderr(`${known.stack ?? ""}\n`);
}

function describe(error: Error, task: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    const flag = /--allow-[a-z]+/.exec(error.message)?.[0] ?? "--allow-read";
    const what = /Requires (.*?) access(?: to "?(.*?)"?)?,/.exec(error.message);
    const place = what?.[2] ? `=${what[2]}` : "";
    const named = what ? `${what[1]} access${what[2] ? ` to ${what[2]}` : ""}` : error.message;
    return `this task's permission set does not allow ${named}\n` +
      `hint: if you trust it with that, run: deno run -P=${task} ${flag}${place} tasks/${task}.ts ...`;
  }
  return error.message;
}

/** Parses a flag that must be an integer of at least `least`; for commander's `option(..., parser)`. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || value < least || value > most) {
      throw new InvalidArgumentError(
        `expected a whole number from ${least}${most < 1e15 ? ` to ${most}` : ""}.`,
      );
    }
    return value;
  };
}

/** Parses a flag that must be a finite number in `[least, most]`. */
export function number(least: number, most: number = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < least || value > most) {
      throw new InvalidArgumentError(
        `expected a number from ${least}${most < Infinity ? ` to ${most}` : ""}.`,
      );
    }
    return value;
  };
}

const encoder = new TextEncoder();

/** Writes all of `text` to standard output: a task's result. */
export function writeStdout(text: string): void {
  writeAll(Deno.stdout, text);
}

/** Writes all of `text` to standard error: progress, notes, warnings. */
export function writeStderr(text: string): void {
  writeAll(Deno.stderr, text);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    writeWholeSync(stream, encoder.encode(text));
  } catch (error) {
    // A reader that closed its end (`... | head`) is no failure of the task.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
