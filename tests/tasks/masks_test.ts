import assert from "node:assert/strict";
import { join } from "node:path";
import { cocoText, inDatasetFolder, spots, writeFiles } from "../support/coco.ts";
import { runTaskProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const HALF = [[0, 0, 64, 0, 64, 32, 0, 32]];

Deno.test("masks: writes, then reports all up to date, and writes only below dataset", () =>
  inDatasetFolder(async (folder, typed) => {
    await writeFiles(folder, {
      [`train/${FILE}`]: cocoText({ width: 64, height: 64, images: 2 }, [
        { segmentation: HALF },
        { image_id: 2, segmentation: [[1, 2]] },
      ]),
      "train/1.png": spots(1),
      "train/2.png": spots(2),
    });
    const output = `${typed}/masks`;
    const first = await runTaskProcess("masks", ["--data", typed, "--output", output]);
    assert.deepEqual([first.code, first.stdout], [0, `${output}: 1 mask written, 0 up to date, 1 problem\n`]);
    assert.match(first.stderr, /warning: too-few-points, skipped: annotation 2: /);
    const second = await runTaskProcess("masks", ["--data", typed, "--output", output, "--json"]);
    const { written, kept } = JSON.parse(second.stdout);
    assert.deepEqual([written, kept], [0, 1]);
    const strict = await runTaskProcess("masks", ["--data", typed, "--output", `${typed}/other`, "--strict"]);
    assert.deepEqual([strict.code, strict.stdout], [1, ""]);
    await assert.rejects(Deno.stat(join(folder, "other")), Deno.errors.NotFound);
    await inTempFolder(async (elsewhere) => {
      const { code, stderr } = await runTaskProcess("masks", ["--data", typed, "--output", elsewhere]);
      assert.equal(code, 1);
      assert.match(stderr, /^error: this task's permission set does not allow \w+ access/m);
      assert.deepEqual([...Deno.readDirSync(elsewhere)], []);
    });
  }));
