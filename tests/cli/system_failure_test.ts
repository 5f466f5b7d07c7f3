import assert from "node:assert/strict";
import { join } from "node:path";
import { describeSystemFailure } from "../../src/cli/system_failure.ts";
import { command as convert } from "../../tasks/convert.ts";
import { command as masks } from "../../tasks/masks.ts";
import { command as phantom } from "../../tasks/phantom.ts";
import { command as split } from "../../tasks/split.ts";
import { command as unzip } from "../../tasks/unzip.ts";
import { makeZip } from "../support/archives.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { runInProcess } from "../support/run_task.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("describeSystemFailure: says what was refused and what to do; other messages stay", () => {
  assert.equal(
    describeSystemFailure("Permission denied (os error 13): mkdir '/a/b'"),
    "Cannot create the folder /a/b: Permission denied (os error 13)\n" +
      "hint: change its permissions, or choose another place",
  );
  assert.equal(
    describeSystemFailure("Read-only file system (os error 30): rename '/a' -> '/b'"),
    "Cannot rename /a as /b: Read-only file system (os error 30)\nhint: choose a place that may be written",
  );
  assert.match(describeSystemFailure("Cannot write a: the disk is full"), /full\nhint: free disk space/);
  assert.match(
    describeSystemFailure("Cannot write a: Input/output error (os error 5)"),
    /\nhint: the disk fails/,
  );
  for (const message of ["Cannot a: b\nhint: c", "Cannot a: b (no such file or directory)"]) {
    assert.equal(describeSystemFailure(message), message);
  }
});

Deno.test("tasks: a place that cannot be written is an error with a way out", () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await writeFiles(folder, {
      "data/train/_annotations.coco.json": cocoText({ width: 64, height: 64 }, []),
      "data/train/1.png": spots(1),
      "file": "",
      "model.safetensors": spotModel(),
      "a.zip": makeZip({ a: "a" }),
    });
    // Below a file nothing can be made, whoever tries.
    const output = at("file/out");
    const runs = [
      [masks(), ["--data", at("data"), "--output", output]],
      [phantom(), ["--output", output, "--train", "1", "--valid", "0", "--test", "0", "--size", "32"]],
      [split(), [at("data"), "--output", output, "--valid", "0", "--test", "0"]],
      [unzip(), [at("a.zip"), "--output", output]],
      [convert(), [at("model.safetensors"), `${output}.pth`]],
    ] as const;
    for (const [command, args] of runs) {
      const { code, stderr } = await runInProcess(command, [...args]);
      assert.equal(code, 1, command.name());
      assert.match(stderr, /^error: Cannot [^\n]*\nhint: [^\n]+\n$/m, `${command.name()}: ${stderr}`);
    }
  }));
