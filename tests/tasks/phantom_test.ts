import assert from "node:assert/strict";
import { join } from "node:path";
import { inDatasetFolder } from "../support/coco.ts";
import { command } from "../../tasks/phantom.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { startWriting } from "../support/writing_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FEW = ["--train", "2", "--valid", "1", "--test", "1", "--size", "32"];

Deno.test("phantom: creates a dataset and its zip below dataset, and reports as text and as JSON", () =>
  inDatasetFolder(async (folder, typed) => {
    const output = `${typed}/phantom`;
    const zip = `${typed}/phantom.zip`;
    const made = await runTaskProcess("phantom", [...FEW, "--output", output, "--zip", zip]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /phantom\/train: 2 images, \d+ tumors?, \d without a tumor\n.*valid: 1 image,/);
    assert.ok((await Deno.stat(join(folder, "phantom.zip"))).size > 1000);
    const again = await runTaskProcess("phantom", [...FEW, "--output", output, "--seed", "7", "--json"]);
    const report = JSON.parse(again.stdout);
    assert.deepEqual([report.output, report.zip, report.seed, report.size], [output, null, 7, 32]);
    assert.equal(report.splits.train.images, 2);
    assert.match(again.stderr, /drawing phantoms/);
  }));

Deno.test("phantom: writes only below dataset", () =>
  inTempFolder(async (elsewhere) => {
    const { code, stdout, stderr } = await runTaskProcess("phantom", [
      ...FEW,
      "--output",
      `${elsewhere}/phantom`,
    ]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^error: this task's permission set does not allow \w+ access/m);
    assert.deepEqual([...Deno.readDirSync(elsewhere)], []);
  }));

Deno.test("phantom: invalid flags are usage errors", async () => {
  for (const args of [["--size", "16"], ["--seed", "-1"], ["--train", "many"], ["--sed", "1"], ["folder"]]) {
    const { code, stderr } = await runInProcess(command(), args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /^error: /);
  }
});

Deno.test("phantom: leaves nothing when stopped; the next run removes leftovers of a killed run, not of a running one", () =>
  inDatasetFolder(async (folder, typed) => {
    const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const output = ["--output", `${typed}/phantom`];
    const endless = [...output, "--train", "100000", "--size", "32"];
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const { status, stderr } = await (await startWriting("phantom", endless, folder)).end(signal);
      assert.equal(status.code, code, stderr);
      assert.match(stderr, /^note: stopping and cleaning up; .*$/m);
      assert.deepEqual(names(), []);
    }
    const endlessRun = await startWriting("phantom", endless, folder);
    const alive = names();
    assert.match(alive.join(" "), /^\.phantom\.(\w{8})\.lock \.phantom\.\1\.tmp$/);
    for (const left of [alive, []]) {
      const { code, stderr } = await runTaskProcess("phantom", [...FEW, ...output]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(names(), [...left, "phantom"]);
      if (left === alive) await endlessRun.end("SIGKILL");
    }
  }));
