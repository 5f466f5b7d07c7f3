/** The hint of a missing permission is followed, in a shell: the task works then. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { NeededPlace } from "../../src/cli/needed_places.ts";
import { binaryWayOut, describeCause, shellQuoted } from "../../src/cli/permission_hint.ts";
import { encodeGrayPng } from "../../src/image/encode.ts";
import { spots, writeFiles } from "../support/coco.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { ROOT } from "./files.ts";

async function shell(command: string): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** Runs a task as a user types it, and then the one command that the hint prints, which it returns. */
async function follow(task: string, args: readonly string[]): Promise<string> {
  const { stderr } = await shell(["deno", "task", "-q", task, ...args].map(shellQuoted).join(" "));
  const hint =
    /^error: this task's permission set does not allow .*\nhint: if you trust it with that, run: (.*)$/m
      .exec(stderr)?.[1] ?? assert.fail(stderr);
  const followed = await shell(hint);
  assert.equal(followed.code, 0, `${hint}\n${followed.stderr}`);
  assert.doesNotMatch(followed.stderr, /worker|unreadable/i);
  return hint;
}

Deno.test("permission hint: one command suffices for each task on data, runs and models elsewhere", () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, "my data's", name);
    const [model, image] = [at("model.safetensors"), at("phantoms/test/0.png")];
    const size = ["--train", "2", "--valid", "2", "--test", "1", "--size", "32"];
    await follow("phantom", ["--output", at("phantoms"), ...size, "--zip", at("zips/a.zip")]);
    const mask = { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(255, 0, 999) };
    await writeFiles(at(""), {
      "model.safetensors": spotModel(),
      "phantoms/test/0.png": spots(1),
      ...Object.fromEntries([1, 2, 3].map((number) => [`pairs/images/${number}.png`, spots(number)])),
    });
    for (const number of [1, 2, 3]) {
      await writeFiles(at(`pairs/masks`), { [`${number}.png`]: await encodeGrayPng(mask) });
    }
    const [hint] = await Promise.all([
      follow("predict", [
        ...[image, "--model", model, "--output", at("out/predictions"), "--coco", at("coco/predicted.json")],
      ]),
      follow("inspect", [at("phantoms")]),
      follow("masks", ["--data", at("phantoms"), "--output", at("out/masks")]),
      follow("split", [at("phantoms"), "--output", at("out/split")]),
      follow("unzip", [at("zips/a.zip"), "--output", at("out/unzipped")]),
      follow("import", [at("pairs"), "--output", at("out/imported")]),
    ]);
    // The set's own places stay, and the user's arguments are all there.
    assert.match(hint, /--allow-write=predictions,dataset\/\.cache,/);
    assert.ok(hint.includes(shellQuoted(model)));
    const data = ["--data", at("phantoms"), "--cache", at("cache")];
    await follow("evaluate", ["--model", model, ...data, "--output", at("out/evaluation"), "--software"]);
    const trained = await follow("train", [
      ...[...data, "--run", at("runs/a"), "--epochs", "1", "--filters", "1", "--size", "32", "--software"],
      ...["--samples", "0"],
    ]);
    assert.match(trained, /--allow-read=dataset,runs,src,/);
    // A finished run is kept: the next of its name lies next to it.
    assert.ok(trained.includes(`${shellQuoted(at("runs")).slice(1)} tasks/train.ts`), trained);
  }));

Deno.test("permission hint: on ranks it is the command of mpirun, without what run.sh adds", () => {
  const error = new Deno.errors.NotCapable(
    'Requires read access to "/data/scans", run again with --allow-read',
  );
  const args = ["--distributed", "--data", "/data/scans", "--mpi-library", "/lib/libmpi.so.40"];
  const places = [{ value: "/data/scans", path: "/data/scans", written: false }];
  const text = describeCause(error, { task: "evaluate", args, places, ranks: 4 });
  assert.match(
    text,
    /run: mpirun -np 4 sh tasks\/run\.sh --allow-read=dataset,runs,models,src,\S*,\/data\S* .*evaluate --distributed --data \/data\/scans$/,
  );
});

Deno.test("binaryWayOut: the same command, started where its output may be written", () => {
  const places: NeededPlace[] = [
    { value: "docs", path: "docs", written: false, defaultOf: "--data" },
    { value: "in/a b.png", path: "in/a b.png", written: false },
    { value: "/mnt/big/out", path: "/mnt/big/out", written: true },
    { value: "dataset/.cache", path: "dataset/.cache", written: true, defaultOf: "--cache" },
  ];
  const started = { task: "unet", args: ["predict", "in/a b.png", "--output=/mnt/big/out"], places };
  const denial = { kind: "write", place: "/mnt/big/out" };
  assert.equal(
    binaryWayOut(denial, started, ROOT, "/opt/unet"),
    "a compiled binary writes only below the folder that it is started in; run: cd /mnt/big && " +
      `/opt/unet predict '${join(ROOT, "in/a b.png")}' --output=/mnt/big/out --data ${join(ROOT, "docs")}`,
  );
  const net = { kind: "net", place: "swanlab.example.com" };
  assert.match(binaryWayOut(net, started, ROOT, "/opt/unet"), /run the task from the project's source$/);
});

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
