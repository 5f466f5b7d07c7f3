import assert from "node:assert/strict";
import {
  checkKey,
  checkRun,
  createRunId,
  mediaFile,
  syncCommand,
} from "../../src/tracking/swanlab_format.ts";

const RUN = {
  runId: "a",
  project: "p",
  workspace: "",
  name: "n",
  description: "",
  config: {},
  startedAt: new Date(),
};

Deno.test("syncCommand: directory and id of the run, quoted if a shell needs it", () => {
  assert.equal(syncCommand("runs/a/swanlog/run-1-x", "x"), "swanlab sync runs/a/swanlog/run-1-x -i x");
  assert.equal(syncCommand("runs/it's a", "x"), "swanlab sync 'runs/it'\\''s a' -i x");
});

Deno.test("createRunId: eight random letters and digits", () => {
  const ids = new Set(Array.from({ length: 100 }, createRunId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[a-z0-9]{8}$/);
});

Deno.test("checkRun, checkKey: name the field that exceeds SwanLab's limits", () => {
  checkRun(RUN);
  assert.throws(() => checkRun({ ...RUN, project: "a b" }), /project "a b"/);
  assert.throws(() => checkRun({ ...RUN, project: "p".repeat(101) }), RangeError);
  assert.throws(() => checkRun({ ...RUN, runId: "a/b" }), /run id "a\/b"/);
  assert.throws(() => checkRun({ ...RUN, workspace: "w".repeat(26) }), RangeError);
  for (const key of ["loss", "train/loss", "Dice (mean)"]) checkKey(key);
  for (const key of ["", ".a", "a/", "/a", "a\nb", "k".repeat(513)]) {
    assert.throws(() => checkKey(key), RangeError);
  }
});

Deno.test("mediaFile: named by step and content hash, refused above SwanLab's limit", () => {
  const { fileName, kind } = mediaFile("image", 7, new Uint8Array());
  assert.deepEqual([kind, fileName], ["image", "007-e3b0c442.png"]);
  assert.throws(() => mediaFile("image", 7, new Uint8Array(10 * 1024 * 1024 + 1)), RangeError);
});
