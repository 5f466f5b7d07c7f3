/** The `board` task: its own permissions, its address, what it opens, and places that do not exist. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { command } from "../../tasks/board.ts";
import { ROOT } from "../project/files.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Starts a shell line in the project's folder, programs of `path` first, and ends it after `body` got the first line that it printed. */
async function whileRunning(
  line: string,
  path: string,
  body: (printed: string) => Promise<void>,
): Promise<void> {
  await using program = new Deno.Command("sh", {
    args: ["-c", `PATH='${path}':"$PATH" exec ${line}`],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = program.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await body((await reader.read()).value ?? "");
  await reader.cancel();
}

Deno.test("board: --open prints the command that allows it, which then opens the page it serves", () =>
  inTempFolder(async (folder) => {
    const opener = Deno.build.os === "darwin" ? "open" : "xdg-open";
    const asked = await runTaskProcess("board", ["--port", "0", "--open"]);
    assert.equal(asked.code, 1);
    assert.equal(asked.stdout, "");
    const [, hint] =
      /^error: .* does not allow run access to \S+\nhint: if you trust it with that, run: (.*)\n$/
        .exec(asked.stderr) ?? [];
    assert.ok(hint?.includes(`--allow-run=${opener}`), asked.stderr);

    await Deno.writeTextFile(join(folder, opener), `#!/bin/sh\necho "$1" > '${folder}/opened'\n`, {
      mode: 0o755,
    });
    await whileRunning(hint!, folder, async (printed) => {
      assert.match(printed, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/\n$/);
      const address = printed.trim();
      const page = await fetch(address);
      assert.match(await page.text(), /<nav /);
      const script = await fetch(`${address}main.js`);
      assert.ok((await script.text()).length > 10_000);
      const runs = await fetch(`${address}api/runs`);
      assert.equal((await runs.json()).folder, "runs");
      for (let attempt = 0; attempt < 100; attempt++) {
        if (await Deno.stat(join(folder, "opened")).catch(() => null)) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal(await Deno.readTextFile(join(folder, "opened")), printed);
    });
  }));

Deno.test("board: names a place that does not exist, or is of another kind", () =>
  inTempFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    const missing = join(folder, "missing");
    const cases: [string[], string][] = [
      [[missing], `Cannot show the runs in ${missing}: there is no such folder`],
      [[file], `Cannot show the runs in ${file}: it is no such folder`],
      [["--data", missing], `Cannot show the dataset in ${missing}: there is no such folder`],
      [["--model", folder], `Cannot show the model in ${folder}: it is no such file`],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await runInProcess(command(), args);
      assert.deepEqual([code, stderr], [1, `error: ${message}\n`]);
    }
  }));
