/** Which tests share a process: each file belongs to exactly one group, and those that open a GPU share one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findTests, groupTests } from "../../src/cli/test_groups.ts";
import { projectFiles, ROOT } from "../project/files.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("findTests: finds every test file of the project once", async () => {
  const tests = projectFiles("_test.ts").filter((path) => path.startsWith("tests/"));
  const expected = tests.map((path) => join(ROOT, path));
  assert.ok(expected.length > 100);
  assert.deepEqual(await findTests([join(ROOT, "tests"), join(ROOT, "tests/kernels")]), expected);
});

Deno.test("findTests: takes a file by any name, and rejects a path that does not exist", () =>
  inTempFolder(async (folder) => {
    for (const name of ["a_test.ts", "b.test.js", "test.ts", "latest.ts", "c.ts"]) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    const inFolder = ["a_test.ts", "b.test.js", "test.ts"].map((name) => join(folder, name));
    assert.deepEqual(await findTests([folder]), inFolder);
    assert.deepEqual(await findTests([join(folder, "c.ts")]), [join(folder, "c.ts")]);
    await assert.rejects(findTests([join(folder, "none")]), Deno.errors.NotFound);
  }));

Deno.test("groupTests: each file of the project is in exactly one group", async () => {
  const files = await findTests([join(ROOT, "tests")]);
  const { gpu, parallel } = await groupTests(files, ROOT);
  assert.deepEqual([...gpu, ...parallel].sort(), files);
  assert.ok(gpu.includes(join(ROOT, "tests/kernels/loss_test.ts")));
  assert.ok(parallel.includes(join(ROOT, "tests/coco/rle_test.ts")));
});

Deno.test("groupTests: a test opens a GPU if it, or a file of the tests that it uses, imports what opens one", () =>
  inTempFolder(async (root) => {
    const texts = {
      "tests/support/test_gpu.ts": "",
      "tests/support/through.ts": 'import { openTestGpu } from "./test_gpu.ts";\n',
      "tests/a_test.ts":
        'import assert from "node:assert";\nimport {\n  x,\n} from "./support/through.ts";\n',
      "tests/b_test.ts": 'import type { X } from "./support/through.ts";\n',
      "tests/c_test.ts": 'import "./support/test_gpu.ts";\n',
      "tests/d_test.ts": 'export * from "./support/test_gpu.ts";\n',
      "tests/e_test.ts": 'import { y } from "../src/y.ts";\n',
      "tests/f_test.ts": 'import {\n  openGpu,\n  type Z,\n} from "../mod.ts";\n',
      "tests/g_test.ts":
        'import { z } from "../src/y.ts";\nconst program = `\nimport { openGpu } from "x";\n`;\n',
      "src/y.ts": 'import { openTestGpu } from "../tests/support/test_gpu.ts";\n',
    };
    for (const [path, text] of Object.entries(texts)) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    const { gpu, parallel } = await groupTests(await findTests([join(root, "tests")]), root);
    const names = (paths: string[]) => paths.map((path) => path.slice(-"a_test.ts".length));
    assert.deepEqual(names(gpu), ["a_test.ts", "c_test.ts", "d_test.ts", "f_test.ts"]);
    assert.deepEqual(names(parallel), ["b_test.ts", "e_test.ts", "g_test.ts"]);
  }));
