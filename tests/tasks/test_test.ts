/** The task `test`, run on small test files of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runTaskCommand } from "../support/task_command.ts";

const PASSES = 'Deno.test("adds", () => {});\n';
const FAILS = 'Deno.test("breaks", () => {\n  throw new Error("on purpose");\n});\n';
const DIES =
  'import process from "node:process";\nDeno.test("dies", () => {\n  process.kill(process.pid, "SIGKILL");\n});\n';
const MISTYPED = 'export const x: number = "text";\nDeno.test("never runs", () => {});\n';

async function runTest(
  files: Record<string, string>,
  ...flags: string[]
): Promise<[number, string, string?]> {
  const folder = await Deno.makeTempDir({ prefix: "test-task-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    const { code, stdout, stderr } = await runTaskCommand("test", ...flags, folder);
    const counts = stdout.trimEnd().split("\n").at(-1) ?? "";
    const killed = /^error: the tests were ended by .*$/m.exec(stderr)?.[0];
    return killed === undefined ? [code, counts] : [code, counts, killed];
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

Deno.test("task test: a run that the system ends says by which signal", async () => {
  assert.deepEqual(await runTest({ "a_test.ts": DIES }), [
    1,
    "0 passed, 1 failed",
    "error: the tests were ended by signal 9 before they were done",
  ]);
});
