/**
 * What all tasks share: a commander command with grouped help, run with this project's exit codes and error lines.
 *
 * @module
 */
import { Command, CommanderError, Help, InvalidArgumentError } from "commander";
import { errorLines } from "./error_lines.ts";
import { probeFileLimit } from "../host/file_limit.ts";
import { neededPlaces } from "./needed_places.ts";
import { describeCause, type Started } from "./permission_hint.ts";
import { describeSystemFailure } from "./system_failure.ts";
import { writeStderr, writeStdout } from "./terminal.ts";

export { writeStderr, writeStdout } from "./terminal.ts";
import { peerFlagHint } from "./flag_names.ts";

/** Exit codes of every task. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** Thrown by a task that has already reported its failure: only sets the exit code. */
export class ExitError extends Error {
  /** Ends the task with `code` without further output. */
  constructor(readonly code: number) {
    super(`exit ${code}`);
    this.name = "ExitError";
  }
}

/** Headings of option groups in the help of tasks with many options. */
export const GROUPS = {
  data: "Data:",
  model: "Model:",
  network: "Network:",
  training: "Training:",
  measurement: "Measurement:",
  device: "Device:",
  output: "Output:",
} as const;

/** Commander's heading of options without a group. */
const GENERAL = "Options:";

/**
 * A command that throws instead of exiting, suggests the nearest flag, and prints help to standard output.
 *
 * Options that follow `.optionsGroup(GROUPS.data)` are listed under that heading, those without a group at the end.
 */
export function createCommand(name: string, summary: string): Command {
  return new TaskCommand(name)
    .description(summary)
    .option("--verbose", "print stack traces of errors")
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .allowExcessArguments(false)
    .configureHelp({
      commandUsage: (command) => `${invocation(command)} ${command.usage()}`,
      groupItems(all, visible, groupOf) {
        const groups = new Help().groupItems(all, visible, groupOf);
        const general = groups.get(GENERAL);
        groups.delete(GENERAL);
        if (general) groups.set(GENERAL, general);
        return groups;
      },
    })
    .configureOutput({
      writeOut: (text) => writeStdout(text),
      writeErr: (text) => writeStderr(text),
      // The default reads the environment, which no task may do.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
}

/** A command that answers flags as peers call them with its own. */
class TaskCommand extends Command {
  /** Called by commander. */
  unknownOption(flag: string): void {
    const hint = peerFlagHint(flag, {
      flags: this.options.flatMap(({ long }) => long ?? []),
      argument: this.registeredArguments.length > 0 ? this.usage().replace("[options] ", "") : null,
      invocation: invocation(this),
    });
    if (hint !== null) {
      this.error(`error: unknown option '${flag}'\nhint: ${hint}`, { code: "commander.unknownOption" });
    }
    (Command.prototype as unknown as TaskCommand).unknownOption.call(this, flag);
  }
}

/** What a user types to run a command: as a task, or as a subcommand of the compiled binary. */
function invocation(command: Command): string {
  const { parent } = command;
  if (parent) return `${parent.name()} ${command.name()}`;
  return command.commands.length > 0 ? command.name() : `deno task ${command.name()}`;
}

/** An example of a command: what it does, and its arguments. */
export type Example = readonly [does: string, args: string];

/** Adds examples to the end of the help. */
export function addExamples(command: Command, examples: readonly Example[]): Command {
  return command.addHelpText("after", ({ command }) => {
    const lines = examples.map(([does, args]) => `  ${does}:\n    ${invocation(command)} ${args}`);
    return `\nExamples:\n${lines.join("\n")}`;
  });
}

/**
 * Parses the arguments and runs the command's action; returns the exit code.
 *
 * Errors are printed as `error: ...`, followed by the line `hint: ...` of their message, if any.
 */
export async function runTask(command: Command, args: readonly string[] = Deno.args): Promise<number> {
  let acting: Command | undefined;
  command.hook("preAction", (_, action) => {
    acting = action;
  });
  try {
    await command.parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ExitError) return error.code;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    reportError(error, {
      verbose: args.includes("--verbose"),
      started: {
        ...program ?? { task: command.name(), args },
        places: acting ? neededPlaces(acting) : [],
      },
    });
    return EXIT.failed;
  }
}

/** What the process was started as: `demo` runs other tasks under its own permission set. */
let program: Pick<Started, "task" | "args"> | undefined;

/** Runs a command as the whole program; called by `if (import.meta.main)` of each task. */
export async function main(command: Command): Promise<never> {
  program = { task: command.name(), args: Deno.args };
  // A write beyond the shell's limit on file sizes then fails, and is reported; by default it ends the process silently.
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGXFSZ", () => {});
    probeFileLimit();
  }
  Deno.exit(await runTask(command));
}

/**
 * Prints one `error:` line (and the `hint:` line of its message, if any) to standard error, and the stack if `verbose`
 * is set; `started` is the task that failed.
 */
export function reportError(
  error: unknown,
  { verbose = false, started = { task: "TASK", args: [], places: [] } }: {
    verbose?: boolean;
    started?: Started;
  } = {},
): void {
  const known = error instanceof Error ? error : new Error(String(error));
  writeStderr(`error: ${errorLines(describeSystemFailure(describeCause(known, started)), started.args)}\n`);
  if (verbose) {
    // The message is printed above; in the stack it may have lines of its own.
    writeStderr(`${(known.stack ?? "").replace(known.message, () => errorLines(known.message))}\n`);
  }
}

/** Parses a flag that must be an integer in `[least, most]`; for commander's `option(..., parser)`. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || value < least || value > most) {
      throw new InvalidArgumentError(
        `expected an integer ${most < 1e15 ? `from ${least} to ${most}` : `>= ${least}`}.`,
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
        `expected a number ${most < Infinity ? `from ${least} to ${most}` : `>= ${least}`}.`,
      );
    }
    return value;
  };
}
