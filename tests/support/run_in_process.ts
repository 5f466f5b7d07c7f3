/**
 * Runs a task's command in this process, for tests of its arguments and output: it starts no process, and
 * so proves nothing about the task's permission set.
 *
 * @module
 */
import type { Command } from "commander";
import { runTask } from "../../src/cli/task.ts";
import type { TaskOutcome } from "./run_task.ts";

/** Runs a command with these arguments; what it writes is returned and not printed. */
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
