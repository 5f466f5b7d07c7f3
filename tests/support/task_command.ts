/**
 * Runs `deno task NAME ARGS`, so that the command line and the permission set in deno.json are proven too.
 *
 * @module
 */
import { ROOT } from "../project/files.ts";
import type { TaskOutcome } from "./run_task.ts";

/** Runs the task in the project's folder, without colours and without a terminal. */
export function runTaskCommand(name: string, ...args: string[]): Promise<TaskOutcome> {
  return runTaskWith({}, name, ...args);
}

/** Runs the task likewise, with these environment variables besides those that are set. */
export async function runTaskWith(
  environment: Record<string, string>,
  name: string,
  ...args: string[]
): Promise<TaskOutcome> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["task", "--quiet", name, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...environment },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
