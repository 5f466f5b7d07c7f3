/**
 * Runs a task as a person does, in a process of its own under its own permission set.
 *
 * @module
 */
import { runTask } from "../../src/cli/task.ts";

/** What a task's process left behind. */
export interface TaskOutcome {
  /** Its exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error. */
  stderr: string;
}

/**
 * Runs a command in this process, for arguments that must fail before any work: no process is started. Standard output
 * is not captured.
 */
export async function runInProcess(
  command: Parameters<typeof runTask>[0],
  args: readonly string[],
): Promise<Pick<TaskOutcome, "code" | "stderr">> {
  let stderr = "";
  command.configureOutput({ writeErr: (text) => stderr += text });
  return { code: await runTask(command, args), stderr };
}

/** Runs `tasks/NAME.ts` with the arguments, from the project's folder unless told otherwise. */
export async function runTaskProcess(
  name: string,
  args: readonly string[],
  cwd: string | URL = new URL("../../", import.meta.url),
): Promise<TaskOutcome> {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const script = new URL(`../../tasks/${name}.ts`, import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "--config", config, `-P=${name}`, script, ...args],
    cwd,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
