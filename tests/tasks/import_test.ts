import assert from "node:assert/strict";
import { command, defaultOutput } from "../../tasks/import.ts";
import { inDatasetFolder, spots, writeFiles } from "../support/coco.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { labelPng } from "../support/source_files.ts";

/** Pairs 1 to 4, and an image without a mask. */
function files(): Parameters<typeof writeFiles>[1] {
  const mask = labelPng({ width: 32, height: 32 }, Array.from({ length: 1024 }, (_, i) => i < 200 ? 1 : 0));
  return {
    ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`set/images/${n}.png`, spots(n, 32)])),
    ...Object.fromEntries([1, 2, 3, 4].map((n) => [`set/masks/${n}_seg.png`, mask])),
  };
}

Deno.test("import: says what it recognized, what it left out, and what to do next, under its own permissions", () =>
  inDatasetFolder(async (folder, typed) => {
    await writeFiles(folder, files());
    const run = () => runTaskProcess("import", [`${typed}/set`, "--output", `${typed}/out`]);
    const { code, stdout, stderr } = await run();
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /set: masks: 4 images and 4 masks, .*such as images\/1\.png with masks\/1_seg\.png$/m,
    );
    assert.match(stdout, /^ {2}class {7}foreground \(4\)$/m);
    assert.match(stdout, /^ {2}train {7}2 images, 2 regions in 2$/m);
    assert.match(stdout, /out: imported; next: deno task train --data \S+\/out\n$/);
    assert.match(stderr, /^left out: 1 file: images without a mask\n {2}images\/5\.png$/m);
    assert.match((await run()).stdout, /out: is already imported; next: /);
  }));

Deno.test("import: prints the report as JSON, and refuses in two lines", () =>
  inDatasetFolder(async (folder) => {
    await writeFiles(folder, files());
    const args = [`${folder}/set`, "--output", `${folder}/out`];
    const { code, stdout } = await runInProcess(command(), [...args, "--binary", "--json"]);
    const report = JSON.parse(stdout);
    assert.deepEqual([code, report.status, report.leftOut[0].files], [0, "imported", ["images/5.png"]]);
    const refused = await runInProcess(command(), [...args, "--masks", "nowhere"]);
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(
      refused.stderr,
      /^error: Cannot use --masks "nowhere": .*\nhint: name a folder within it: .*\n$/,
    );
    const share = await runInProcess(command(), [...args, "--valid", "2"]);
    assert.equal(share.code, 2);
  }));

Deno.test("defaultOutput: the source's name below dataset/, another one if that is the source", () => {
  assert.equal(defaultOutput("/data/polyps/"), "dataset/polyps");
  assert.equal(defaultOutput("../Lungs.ZIP"), "dataset/Lungs");
  assert.equal(defaultOutput("dataset/raw"), "dataset/raw-imported");
});
