/** What every task promises on the command line, each under its own permission set. */
import assert from "node:assert/strict";
import { runTaskCommand } from "../support/task_command.ts";
import { readConfiguration } from "./files.ts";

for (const name of Object.keys(readConfiguration().tasks)) {
  Deno.test(`tasks: ${name} explains itself, and refuses an unknown flag with a suggestion`, async () => {
    const [help, unknown] = await Promise.all([
      runTaskCommand(name, "--help"),
      runTaskCommand(name, "--hlep"),
    ]);
    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, new RegExp(`^Usage: ${name} `));
    assert.equal(help.stderr, "");
    for (
      const [, flag, text] of help.stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)[^\n]*?(?: {2,}(\S.*))?$/gm)
    ) {
      assert.ok(text !== undefined, `${flag} is not explained:\n${help.stdout}`);
    }
    assert.equal(unknown.code, 2, unknown.stderr);
    assert.equal(unknown.stdout, "");
    assert.match(unknown.stderr, /unknown option '--hlep'\n\(Did you mean --help\?\)/);
  });
}
