/**
 * Runs tasks: as a person does, in a process of their own under their own permission set, or in this process.
 *
 * @module
 */
import { join } from "node:path";
import type { Command } from "commander";
import { runTask } from "../../src/cli/task.ts";
import { ROOT } from "../project/files.ts";

/** Result of a task. */
export interface TaskOutcome {
  /** Its exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error. */
  stderr: string;
}

/** Runs a command to its end, without colors and without a terminal. */
export async function runDeno(
  args: readonly string[],
  { cwd = ROOT, env = {} }: { cwd?: string | URL; env?: Record<string, string> } = {},
): Promise<TaskOutcome> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `tasks/NAME.ts` under its permission set, by default from the project's folder. */
export function runTaskProcess(
  name: string,
  args: readonly string[],
  cwd: string | URL = ROOT,
): Promise<TaskOutcome> {
  const script = join(ROOT, `tasks/${name}.ts`);
  return runDeno(["run", "-q", "--config", join(ROOT, "deno.json"), `-P=${name}`, script, ...args], { cwd });
}

/** Runs `deno task NAME ARGS`, so that the command line and permission set in deno.json are tested, too. */
export function runTaskCommand(name: string, ...args: string[]): Promise<TaskOutcome> {
  return runDeno(["task", "--quiet", name, ...args]);
}

/** Runs `deno task NAME ARGS` with additional environment variables. */
export function runTaskWith(
  env: Record<string, string>,
  name: string,
  ...args: string[]
): Promise<TaskOutcome> {
  return runDeno(["task", "--quiet", name, ...args], { env });
}

/**
 * Runs a task's command in this process, for tests of its arguments and output: it starts no process, and so proves
 * nothing about the task's permission set.
 */
export async function runInProcess(command: Command, args: readonly string[]): Promise<TaskOutcome> {
  const stdout = capture(Deno.stdout);
  const stderr = capture(Deno.stderr);
  try {
    const code = await runTask(command, args);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.release();
    stderr.release();
  }
}

/** Collects what is written to a stream until it is released. */
function capture(stream: { writeSync(bytes: Uint8Array): number }) {
  let text = "";
  const decoder = new TextDecoder();
  const writeSync = stream.writeSync;
  stream.writeSync = (bytes) => {
    text += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  return { text: () => text, release: () => stream.writeSync = writeSync };
}
