/** The task `test`, run on small test files of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runTaskCommand } from "../support/task_command.ts";

const PASSES = 'Deno.test("adds", () => {});\n';
const FAILS = 'Deno.test("breaks", () => {\n  throw new Error("on purpose");\n});\n';
const MISTYPED = 'export const x: number = "text";\nDeno.test("never runs", () => {});\n';

async function runTest(files: Record<string, string>, ...flags: string[]): Promise<[number, string]> {
  const folder = await Deno.makeTempDir({ prefix: "test-task-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    const { code, stdout } = await runTaskCommand("test", ...flags, folder);
    return [code, stdout.trimEnd().split("\n").at(-1) ?? ""];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("task test: closes with its counts, and fails where a test fails", async () => {
  assert.deepEqual(await runTest({ "a_test.ts": PASSES }), [0, "1 passed, 0 failed"]);
  assert.deepEqual(await runTest({ "a_test.ts": PASSES, "b_test.ts": FAILS }), [1, "1 passed, 1 failed"]);
  assert.deepEqual(await runTest({ "a_test.ts": PASSES + FAILS }, "--filter", "adds"), [
    0,
    "1 passed, 0 failed",
  ]);
});

Deno.test("task test: no test, or a file that does not compile, is a failure", async () => {
  assert.deepEqual(await runTest({}), [1, "0 passed, 1 failed"]);
  assert.deepEqual(await runTest({ "a_test.ts": PASSES }, "--filter", "nothing"), [1, "0 passed, 1 failed"]);
  assert.deepEqual(await runTest({ "a_test.ts": PASSES, "b_test.ts": MISTYPED }), [1, "0 passed, 1 failed"]);
});
