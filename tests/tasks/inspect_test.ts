import assert from "node:assert/strict";
import { cocoText, inDatasetFolder, spots, writeFiles } from "../support/coco.ts";
import { command } from "../../tasks/inspect.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";

const FILE = "_annotations.coco.json";
const HALF = [[0, 0, 64, 0, 64, 32, 0, 32]];

/** A dataset with a problem and a near-duplicate across splits. */
function inDataset(body: (folder: string, typed: string) => Promise<void>): Promise<void> {
  return inDatasetFolder(async (folder, typed) => {
    await writeFiles(folder, {
      [`train/${FILE}`]: cocoText({ width: 64, height: 64, images: 3 }, [
        { segmentation: HALF },
        { image_id: 2, segmentation: HALF },
        { image_id: 7, segmentation: HALF },
      ]),
      "train/1.png": spots(1),
      "train/2.png": spots(2),
      "train/3.png": spots(3),
      [`valid/${FILE}`]: cocoText({ width: 64, height: 64, images: 2 }, [{ segmentation: HALF }]),
      "valid/1.png": spots(2),
      "valid/2.png": spots(4),
    });
    await body(folder, typed);
  });
}

Deno.test("inspect: describes the splits, problems and near-duplicates", () =>
  inDataset(async (_, typed) => {
    const { code, stdout } = await runTaskProcess("inspect", [typed]);
    assert.equal(code, 0);
    assert.match(stdout, /^train\n {2}images +3 of 3 files\n {2}annotations +2 in 2 images\n/);
    assert.match(
      stdout,
      /without annotation +1: nothing to annotate or not labeled yet; taken as background only/,
    );
    assert.match(
      stdout,
      /uncertain +1 without annotation, but the image of 1 annotation is unknown; the split is refused/,
    );
    assert.match(stdout, /all-background accuracy 75\.00 %/);
    assert.match(stdout, /problems +1\n {4}unknown-image, skipped: annotation 3: its image 7 is not listed/);
    assert.match(stdout, /warning: 1 pair of near-duplicates across splits:\n.*\n {2}hint: deno task split /);
    assert.match(stdout, /train\/2\.png = valid\/1\.png \(same bytes, near-equal pixels\)/);
  }));

Deno.test("inspect: groups near-duplicates, lists ten groups, and says how many more there are", () =>
  inDatasetFolder(async (folder) => {
    // Twelve images with a copy each; of the first one there are five.
    const copies = [1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const listed = (images: number) => cocoText({ width: 64, height: 64, images }, [{ segmentation: HALF }]);
    const files = (split: string, seeds: readonly number[]) =>
      Object.fromEntries(seeds.map((seed, index) => [`${split}/${index + 1}.png`, spots(seed)]));
    await writeFiles(folder, {
      [`train/${FILE}`]: listed(copies.length),
      ...files("train", copies),
      [`valid/${FILE}`]: listed(12),
      ...files("valid", copies.slice(4)),
    });
    const { stdout } = await runInProcess(command(), [folder, "--no-pixels"]);
    const text = stdout.slice(stdout.indexOf("warning:")).trimEnd().split("\n");
    assert.deepEqual(text.slice(0, 5), [
      "warning: 16 pairs of near-duplicates across splits (by bytes and names only), in 12 groups:",
      "  16 of 16 in train, 12 of 12 in valid. Scores on them measure memorization.",
      "  hint: deno task split keeps near-duplicates in one split",
      "  train/1.png and 4 more = valid/1.png (same bytes)",
      "  train/6.png = valid/2.png (same bytes)",
    ]);
    assert.deepEqual([text.length, text.at(-1)], [14, "  and 2 groups more: --json lists all pairs"]);
  }));

Deno.test("inspect: --json prints one document, --strict fails on a problem, --unannotated skips images", () =>
  inDataset(async (_, typed) => {
    const { code, stdout, stderr } = await runTaskProcess("inspect", [
      typed,
      "--json",
      "--strict",
      "--no-pixels",
      "--unannotated",
      "skip",
    ]);
    const report = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.match(stderr, /error: 1 problem \(strict\)\n$/);
    assert.equal(report.splits[0].allBackgroundAccuracy, 0.5);
    assert.deepEqual([report.problems, report.splits[0].problems[0].id, report.nearDuplicates.pairs.length], [
      1,
      3,
      1,
    ]);
  }));

Deno.test("inspect: locates invalid JSON, reads nothing outside its folders, rejects unknown choices", () =>
  inDataset(async (folder, typed) => {
    await writeFiles(folder, { [`valid/${FILE}`]: '{\n  "images": [,' });
    const broken = await runTaskProcess("inspect", [typed]);
    assert.deepEqual([broken.code, broken.stdout], [1, ""]);
    assert.match(broken.stderr, /^error: .*valid.*line 2, column 14\n$/);
    const outside = await runTaskProcess("inspect", ["tests"]);
    assert.equal(outside.code, 1);
    assert.match(outside.stderr, /^error: this task's permission set does not allow read access/);
    assert.equal((await runInProcess(command(), ["--unannotated", "maybe"])).code, 2);
  }));
