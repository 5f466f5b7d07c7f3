import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeRgbPng, makePhantom } from "../../mod.ts";
import { cocoText, inDatasetFolder, spots, writeFiles } from "../support/coco.ts";
import { command } from "../../tasks/split.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { startWriting } from "../support/writing_task.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const OUTLINE = [[0, 0, 64, 0, 64, 32, 0, 32]];

/** A dataset of nine images; `alike` of train and one of test are copies. */
function inDataset(alike: number, body: (folder: string, typed: string) => Promise<void>): Promise<void> {
  return inDatasetFolder(async (folder, typed) => {
    const size = { width: 64, height: 64 };
    await writeFiles(folder, {
      [`data/train/${FILE}`]: cocoText({ ...size, images: 8 }, [{ segmentation: OUTLINE }]),
      ...Object.fromEntries(
        Array.from({ length: 8 }, (_, i) => [`data/train/${i + 1}.png`, spots(i < alike ? 30 : i + 1)]),
      ),
      [`data/test/${FILE}`]: cocoText({ ...size, images: 1 }, []),
      "data/test/1.png": await encodeRgbPng(spots(30)),
    });
    await body(folder, typed);
  });
}

Deno.test("split: re-splits a dataset whose splits share images, and inspect finds none across splits", () =>
  inDataset(2, async (folder, typed) => {
    const { code, stdout, stderr } = await runTaskProcess("split", [
      `${typed}/data`,
      "--output",
      `${typed}/new`,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^9 images in 7 groups; 2 pairs were in different splits$/m);
    assert.match(stdout, /^ {2}group sizes +3, 1 \(6 times\)$/m);
    assert.match(stdout, /^ {2}train +7 images \(77\.78 %\) in 5 groups, \d annotations? in \d$/m);
    assert.match(stdout, /^ {2}renamed +2: /m);
    assert.match(stdout, /^ {2}largest group +3 images, all in train: all near-duplicates of each other$/m);
    assert.match(stdout, /new: inspect finds 0 pairs of near-duplicates across splits\n$/);
    assert.match(stderr, /inspecting images.*copying images.*inspecting the result/s);
    const inspect = await runTaskProcess("inspect", [`${typed}/new`]);
    assert.match(inspect.stdout, /No near-duplicates across splits\.\n$/);
    assert.deepEqual((await filesUnder(join(folder, "data"))).length, 11);
  }));

Deno.test("split: warns about a group larger than the training share", () =>
  inDataset(6, async (_, typed) => {
    const args = [`${typed}/data`, "--output", `${typed}/new`, "--valid", "0.3", "--test", "0.3"];
    const { code, stdout } = await runTaskProcess("split", args);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^warning: the largest group is larger than train's share of 3: valid has 1 of the requested 3, test has 1 of the requested 3, and train consists mostly of variations of one image \(77\.78 % of all\)$/m,
    );
  }));

Deno.test("split: --json prints one document; a second run replaces the result and no other folder", () =>
  inDataset(2, async (folder, typed) => {
    const args = [`${typed}/data`, "--output", `${typed}/new`, "--json", "--seed", "3"];
    const first = await runTaskProcess("split", args);
    const second = await runTaskProcess("split", args);
    assert.equal(second.code, 0, second.stderr);
    const report = JSON.parse(second.stdout);
    assert.deepEqual(report, JSON.parse(first.stdout));
    assert.deepEqual([report.images, report.seed, report.sharedPairs], [9, 3, { before: 2, after: 0 }]);
    await writeFiles(folder, { "other/notes.txt": "mine" });
    const other = await runTaskProcess("split", [`${typed}/data`, "--output", `${typed}/other`]);
    assert.deepEqual([other.code, other.stdout], [1, ""]);
    assert.match(other.stderr, /^error: Cannot write to ".*other": it holds .*\nhint: .* --force\n$/);
  }));

Deno.test("split: writes only below dataset; invalid flags are usage errors", () =>
  inDataset(2, async (_, typed) => {
    await inTempFolder(async (elsewhere) => {
      const { code, stdout, stderr } = await runTaskProcess("split", [
        `${typed}/data`,
        "--output",
        `${elsewhere}/new`,
      ]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^error: this task's permission set does not allow \w+ access/m);
      assert.deepEqual([...Deno.readDirSync(elsewhere)], []);
    });
    for (const args of [["--valid", "2"], ["--test", "x"], ["--seed", "-1"], ["--vald", "0.1"], ["a", "b"]]) {
      const { code, stderr } = await runInProcess(command(), args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, /^error: /);
    }
  }));

Deno.test("split: leaves nothing when stopped; the next run removes leftovers of a killed run", () =>
  inDatasetFolder(async (folder, typed) => {
    await makePhantom(join(folder, "data"), { train: 120, valid: 0, test: 0, size: 32 });
    const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const args = [`${typed}/data`, "--output", `${typed}/new`];
    const stopped = await (await startWriting("split", args, folder)).end("SIGINT");
    assert.equal(stopped.status.code, 130, stopped.stderr);
    assert.deepEqual(names(), ["data"]);
    const killed = await (await startWriting("split", args, folder)).end("SIGKILL");
    assert.equal(killed.status.signal, "SIGKILL", killed.stderr);
    assert.equal(names().length, 3);
    const { code, stderr } = await runTaskProcess("split", args);
    assert.equal(code, 0, stderr);
    assert.deepEqual(names(), ["data", "new"]);
  }));
