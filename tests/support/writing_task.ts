/**
 * Tasks that are interrupted or killed while they write.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "../project/files.ts";

/** A task that has started to write. */
export interface WritingTask {
  /** Sends a signal and waits for the end of the process. */
  end(signal: Deno.Signal): Promise<{ status: Deno.CommandStatus; stderr: string }>;
}

/** Starts `tasks/NAME.ts` and waits until it writes into a temporary folder below `folder`. */
export async function startWriting(
  name: string,
  args: readonly string[],
  folder: string,
): Promise<WritingTask> {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", `-P=${name}`, `tasks/${name}.ts`, ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const stderr = new Response(child.stderr).text();
  while (!ended && !writes(folder)) await new Promise((resolve) => setTimeout(resolve, 1));
  if (ended) throw new Error(`${name} ended before it wrote anything: ${await stderr}`);
  return {
    async end(signal) {
      child.kill(signal);
      return { status: await status, stderr: await stderr };
    },
  };
}

function writes(folder: string): boolean {
  return [...Deno.readDirSync(folder)].some(({ name, isDirectory }) =>
    isDirectory && name.endsWith(".tmp") && [...Deno.readDirSync(join(folder, name))].length > 0
  );
}
