/**
 * Runs a task as a person does, in a process of its own under its own permission set.
 *
 * @module
 */

/** What a task's process left behind. */
export interface TaskOutcome {
  /** Its exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error. */
  stderr: string;
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
