/** What every task promises on the command line. */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { runInProcess, runTaskCommand } from "../support/run_task.ts";
import { readConfiguration, ROOT } from "./files.ts";

for (const name of Object.keys(readConfiguration().tasks)) {
  Deno.test(`tasks: ${name} explains itself under its own permission set`, async () => {
    const help = await runTaskCommand(name, "--help");
    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, new RegExp(`^Usage: deno task ${name} `));
    assert.equal(help.stderr, "");
    for (
      const [, flag, text] of help.stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)[^\n]*?(?: {2,}(\S.*))?$/gm)
    ) {
      assert.ok(text !== undefined, `${flag} is not explained:\n${help.stdout}`);
    }
  });

  Deno.test(`tasks: ${name} refuses an unknown flag with a suggestion`, async () => {
    const { command } = await import(pathToFileURL(`${ROOT}/tasks/${name}.ts`).href);
    const unknown = await runInProcess(command(), ["--hlep"]);
    assert.equal(unknown.code, 2, unknown.stderr);
    assert.equal(unknown.stdout, "");
    assert.match(unknown.stderr, /unknown option '--hlep'\n\(Did you mean --help\?\)/);
  });
}
