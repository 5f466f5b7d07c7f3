/** The task `test`, run on small test files of its own. */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { ROOT } from "../project/files.ts";
import { runTaskCommand } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const PASSES = 'Deno.test("adds", () => {});\n';
const FAILS = 'Deno.test("breaks", () => {\n  throw new Error("on purpose");\n});\n';
const DIES =
  'import process from "node:process";\nDeno.test("dies", () => {\n  process.kill(process.pid, "SIGKILL");\n});\n';
const MISTYPED = 'export const x: number = "text";\nDeno.test("never runs", () => {});\n';
const OPENS = 'Deno.test("opens", async () => {\n  await navigator.gpu.requestAdapter();\n});\n';

/** What a test of the GPU imports; GPU stands for its path from the test's folder. */
const SHARES = 'import "GPU";\n';

interface Outcome {
  /** Exit code and last line. */
  counts: [number, string];
  output: string;
}

/** Runs the task on a folder of these files. */
async function runTest(files: Record<string, string>, ...flags: string[]): Promise<Outcome> {
  let result: Outcome | undefined;
  await inTempFolder(async (folder) => {
    const gpu = relative(folder, join(ROOT, "tests/support/test_gpu.ts"));
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text.replace("GPU", gpu));
    }
    const { code, stdout, stderr } = await runTaskCommand("test", ...flags, folder);
    result = { counts: [code, stdout.trimEnd().split("\n").at(-1) ?? ""], output: stdout + stderr };
  });
  return result!;
}

Deno.test("task test: sums both processes, the second of which shares one realm and may open a GPU", async () => {
  const { counts, output } = await runTest({
    "a_test.ts": PASSES,
    "b_test.ts": FAILS,
    "c_test.ts": OPENS,
    "d_test.ts": SHARES + 'Deno.test("first", () => {\n  Object.assign(globalThis, { shared: 1 });\n});\n',
    "e_test.ts": SHARES +
      'Deno.test("second", () => {\n  if (!("shared" in globalThis)) throw new Error();\n});\n',
  });
  assert.deepEqual(counts, [1, "3 passed, 2 failed"]);
  assert.match(output, /^GPU tests: 2 passed, 0 failed in /m);
  assert.match(
    output,
    /b_test\.ts => breaks \.\.\. FAILED[^]*on purpose[^]*\nparallel tests: 1 passed, 2 failed in /,
  );
  assert.match(output, /error: Error: this test opens a GPU next to others\nhint: import openTestGpu from /);
});

Deno.test("task test: --filter is for all processes, and --fail-fast ends all of them", async () => {
  const files = {
    "a_test.ts": PASSES + FAILS,
    "b_test.ts": SHARES + FAILS.replace("breaks", "adds, too, and breaks"),
    "c_test.ts": 'Deno.test("adds slowly", () => new Promise((resolve) => setTimeout(resolve, 60_000)));\n',
  };
  const start = performance.now();
  const { counts } = await runTest(files, "--fail-fast", "--filter", "adds");
  assert.deepEqual(counts, [1, "0 passed, 1 failed"]);
  assert.ok(performance.now() - start < 50_000, "it waited for the slow test");
});

Deno.test("task test: no test, or a file that does not compile, is a failure", async () => {
  assert.deepEqual((await runTest({})).counts, [1, "0 passed, 1 failed"]);
  const filtered = await runTest({ "a_test.ts": PASSES }, "--filter", "nothing");
  assert.deepEqual(filtered.counts, [1, "0 passed, 1 failed"]);
  const mistyped = await runTest({ "a_test.ts": PASSES, "b_test.ts": MISTYPED });
  assert.deepEqual(mistyped.counts, [1, "0 passed, 1 failed"]);
  assert.match(mistyped.output, /b_test\.ts/);
});

Deno.test("task test: a run that a signal ends says so", async () => {
  const { counts, output } = await runTest({ "a_test.ts": DIES });
  assert.deepEqual(counts, [1, "0 passed, 1 failed"]);
  assert.match(output, /^error: the parallel tests were ended by signal 9$/m);
});
