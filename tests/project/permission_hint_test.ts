/** The hint of a missing permission is followed, in a shell, until the task works. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { shellQuoted } from "../../src/cli/permission_hint.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { ROOT } from "./files.ts";

/** Most hints that a task may need: each names one more place. */
const MOST_HINTS = 6;

async function shell(command: string): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** Runs a task as a user types it, then whatever the hints say; returns the hints. */
async function follow(task: string, args: readonly string[]): Promise<string[]> {
  const hints: string[] = [];
  let command = ["deno", "task", "-q", task, ...args].map(shellQuoted).join(" ");
  for (;;) {
    const { code, stderr } = await shell(command);
    assert.doesNotMatch(stderr, /worker|unreadable/i);
    const hint =
      /^error: this task's permission set does not allow .*\nhint: if you trust it with that, run: (.*)$/m
        .exec(stderr)?.[1];
    if (hint === undefined) {
      assert.equal(code, 0, stderr);
      return hints;
    }
    assert.ok(!hints.includes(hint) && hints.length < MOST_HINTS, `the hint repeats: ${hint}`);
    hints.push(hint);
    command = hint;
  }
}

Deno.test("permission hint: followed, each task works on data, runs and models outside of dataset/", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "my data's");
    const annotations = cocoText({ width: 64, height: 64 }, []);
    await writeFiles(data, {
      "train/_annotations.coco.json": annotations,
      "train/1.png": spots(1),
      "model.safetensors": spotModel(),
    });
    const output = (name: string) => join(folder, "out", name);
    // Reading data, writing output, reading a model while the output is elsewhere.
    assert.deepEqual((await follow("inspect", [data])).length, 1);
    assert.ok((await follow("masks", ["--data", data, "--output", output("masks")])).length >= 2);
    assert.ok(
      (await follow("phantom", ["--output", output("p"), "--train", "1", "--size", "32"])).length >= 1,
    );
    const model = join(data, "model.safetensors");
    const image = join(data, "train/1.png");
    const hints = await follow("predict", [image, "--model", model, "--output", output("predictions")]);
    assert.ok(hints.length >= 1);
    // The set's own places stay, and the user's arguments are all there.
    assert.match(hints.at(-1)!, /--allow-write=predictions,dataset\/\.cache,/);
    assert.ok(hints.at(-1)!.includes(shellQuoted(model)));
  }));

Deno.test("permission hint: a dry run of training on data elsewhere", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "my data");
    await follow("phantom", [
      ...["--output", data, "--train", "2", "--valid", "1", "--test", "1", "--size", "32"],
    ]);
    const hints = await follow("train", [
      ...["--data", data, "--run", join(folder, "runs", "a"), "--dry-run"],
      ...["--epochs", "1", "--filters", "1", "--size", "32", "--swanlab", "off", "--no-tensorboard"],
    ]);
    assert.ok(hints.length >= 1);
    assert.match(hints.at(-1)!, /--allow-read=dataset,runs,src,/);
  }));

Deno.test("shellQuoted: a shell reads any argument back", async () => {
  const texts = ["a b", "it's", "$HOME", "a`b`", '"', "", "*", "\\", "é 漢"];
  const { code, stderr } = await shell(
    `[ ${shellQuoted(texts.join("|"))} = ${texts.map(shellQuoted).join("'|'")} ]`,
  );
  assert.equal(code, 0, stderr);
});

Deno.test("permission hint: train --swanlab online prints the command that reaches the server and its storage", async () => {
  const { stderr } = await new Deno.Command("sh", {
    args: ["-c", "deno task -q train --swanlab online --project x"],
    cwd: ROOT,
    env: { NO_COLOR: "1", SWANLAB_API_KEY: "key" },
    stdin: "null",
  }).output();
  assert.match(
    new TextDecoder().decode(stderr),
    /^error: Cannot show the run on SwanLab's server: .*\nhint: .*run: deno run -q -P=train '--allow-net=api\.swanlab\.cn,\*\.myqcloud\.com' tasks\/train\.ts --swanlab online --project x\n$/,
  );
});
