/**
 * A folder that looks like the project to a task: it has the permission sets, which are relative to deno.json, and an
 * empty `dataset`, so that a test neither reads nor changes a real one.
 *
 * @module
 */
import { join } from "node:path";
import type { TaskOutcome } from "./run_task.ts";
import { inTempFolder } from "./temp_folder.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs `body` with a new project folder and its `dataset`, then removes the folder. */
export async function inProjectCopy(
  body: (project: string, dataset: string) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    // One level down, so that a test can look outside of the project as well.
    const project = join(folder, "project");
    const dataset = join(project, "dataset");
    await Deno.mkdir(dataset, { recursive: true });
    for (const name of ["deno.json", "deno.lock"]) {
      await Deno.copyFile(new URL(name, ROOT), join(project, name));
    }
    await body(project, dataset);
  });
}

/** `deno run` of the task `name` under its own permission set, as `deno task` runs it, in a project copy. */
export function taskIn(project: string, name: string, args: readonly string[]): Deno.Command {
  return scriptIn(project, name, new URL(`tasks/${name}.ts`, ROOT).pathname, args);
}

/** `deno run` of any script under the permission set `set`, in a project copy. */
export function scriptIn(
  project: string,
  set: string,
  script: string,
  args: readonly string[] = [],
): Deno.Command {
  return new Deno.Command("deno", {
    args: ["run", "-q", "--config", join(project, "deno.json"), `-P=${set}`, script, ...args],
    cwd: project,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Waits for the end of a command and reads its output. */
export async function outcome(command: Deno.Command): Promise<TaskOutcome> {
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Queries permissions from a script that runs under the permission set `set`.
 *
 * @param wishes Permissions; relative paths belong to the project copy.
 * @returns Their states in the same order: `granted`, or `prompt` or `denied`, neither of which grants anything here.
 */
export async function statesUnder(
  project: string,
  set: string,
  wishes: readonly Deno.PermissionDescriptor[],
): Promise<Deno.PermissionState[]> {
  const script = join(project, "probe.ts");
  await Deno.writeTextFile(
    script,
    `const states = ${JSON.stringify(wishes)}.map((wish) => Deno.permissions.querySync(wish).state);\n` +
      "console.log(JSON.stringify(states));\n",
  );
  const { code, stdout, stderr } = await outcome(scriptIn(project, set, script));
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
