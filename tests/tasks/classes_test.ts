import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { command as inspect } from "../../tasks/inspect.ts";
import { command as masks } from "../../tasks/masks.ts";
import { command as train } from "../../tasks/train.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { runInProcess } from "../support/run_task.ts";
import "../support/test_gpu.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("inspect, masks, train: take classes by the same flags", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeClassDataset(data, { ignored: true, overlap: true });
    const flags = ["--merge", "eye=disc+cup", "--classes", "vessel, eye"];

    const inspected = await runInProcess(inspect(), [data, "--no-pixels", "--json", ...flags]);
    const [split] = JSON.parse(inspected.stdout).splits;
    deepStrictEqual(split.classes.map(({ name }: { name: string }) => name), ["vessel", "eye"]);
    const told = await runInProcess(inspect(), [data, "--no-pixels"]);
    match(
      told.stdout,
      /^ {2}classes {17}1 disc: in 2 images, 15\.00 % of pixels\n {26}2 cup: in 2 images, .*\n/m,
    );
    match(
      told.stdout,
      /^ {2}overlaps {16}disc and cup: 512 pixels in 2 images\n {2}ignored {17}6\.25 % of /m,
    );
    match(
      told.stdout,
      /^3 classes: some overlap, so that training takes each on its own \(--head sigmoid\)\.$/m,
    );

    const drawn = await runInProcess(masks(), ["--data", data, "--output", join(folder, "masks"), ...flags]);
    match(drawn.stdout, /: 4 masks written, 0 up to date\nclasses: 1 vessel, 2 eye\n$/);

    const run = ["--data", data, "--cache", join(folder, "cache"), "--run", join(folder, "run"), "--dry-run"];
    const size = ["--size", "32", "--filters", "1", "--batch-size", "2"];
    const planned = await runInProcess(train(), [...run, ...size, "--json", ...flags]);
    const { classes, merge, head } = JSON.parse(planned.stdout).config;
    deepStrictEqual({ classes, merge, head }, {
      classes: ["vessel", "eye"],
      merge: ["eye=disc+cup"],
      head: "softmax",
    });
    match(planned.stderr, /^note: 2 classes: "vessel", "eye"$/m);
    match(planned.stderr, /^note: head softmax: no two classes overlap in any image$/m);
    const refused = await runInProcess(train(), [...run, ...size, "--classes", "vesel"]);
    strictEqual(refused.code, 1);
    match(refused.stderr, /^error: Cannot pick class "vesel": the dataset has "scan", "disc", .*\nhint: /m);
  }));
