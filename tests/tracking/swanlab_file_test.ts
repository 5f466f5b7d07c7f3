import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { SwanLabFile } from "../../src/tracking/swanlab_file.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { type Message, readSwanLab } from "../support/tracking_files.ts";

const RUN = {
  runId: "abc12345",
  project: "tumors",
  workspace: "",
  name: "first",
  description: "a try",
  config: { filters: 8, adam: { beta1: 0.9 } },
  startedAt: new Date(2026, 0, 2, 3, 4, 5),
};
const DIRECTORY = "run-20260102_030405-abc12345";
const TIME = new Date("2026-01-02T03:05:00.500Z");
const PNG = Uint8Array.of(1, 2, 3);
const KINDS = { 10: "start", 11: "finish", 13: "scalar", 14: "media", 16: "log", 20: "save" };

const end = (state: "finished" | "crashed" | "aborted", message = "") => {
  return { state, message, time: TIME, step: 3, metrics: {} } as const;
};

async function read(folder: string): Promise<ReturnType<typeof readSwanLab>> {
  return readSwanLab(await Deno.readFile(join(folder, DIRECTORY, "run-abc12345.swanlab")));
}

/** Number, kind and, for data, key and step. */
function outline(records: Message[]): (string | number)[][] {
  return records.map((record) => {
    const [number, kind] = Object.entries(KINDS).find(([number]) => record.has(Number(number)))!;
    const payload = record.message(Number(number));
    return [
      record.int(1),
      kind,
      ...(kind === "scalar" || kind === "media" ? [payload.text(1), payload.int(2)] : []),
    ];
  });
}

Deno.test("SwanLabFile: the run directory contains what `swanlab sync` reads", () =>
  inTempFolder(async (folder) => {
    const file = await SwanLabFile.open(folder, RUN);
    assert.equal(file.directory, join(folder, DIRECTORY));
    await file.scalars(1, { "train/loss": 0.1, dice: NaN }, TIME);
    await file.image({ name: "figure", step: 1, png: PNG, width: 7, height: 5, caption: "one" }, TIME);
    await file.text({ name: "note", step: 12, text: "**ö**" }, TIME);
    await file.finish(end("finished"));

    const hash = (content: Uint8Array | string) => createHash("sha256").update(content).digest("hex");
    const image = `001-${hash(PNG).slice(0, 8)}.png`,
      text = `012-${hash("**ö**").slice(0, 8)}.__swanlab__.txt`;
    assert.deepEqual(await filesUnder(join(folder, DIRECTORY)), [
      "files/config.yaml",
      "files/swanlab-metadata.json",
      `media/image/${image}`,
      `media/text/${text}`,
      "run-abc12345.swanlab",
    ]);
    assert.deepEqual(await Deno.readFile(join(folder, DIRECTORY, "media/image", image)), PNG);
    assert.equal(await Deno.readTextFile(join(folder, DIRECTORY, "media/text", text)), "**ö**");
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(folder, DIRECTORY, "files/config.yaml"))), {
      filters: { value: 8, desc: "", sort: 0 },
      adam: { value: { beta1: 0.9 }, desc: "", sort: 1 },
    });
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(join(folder, DIRECTORY, "files/swanlab-metadata.json"))),
      {
        _version: 2,
        hardware: null,
        runtime: null,
        git: null,
        swanlab: null,
      },
    );

    const { records } = await read(folder);
    assert.deepEqual(outline(records), [
      [-1, "start"],
      [-3, "save"],
      [-4, "save"],
      [1, "scalar", "train/loss", 1],
      [2, "scalar", "dice", 1],
      [3, "media", "figure", 1],
      [4, "media", "note", 12],
      [-2, "finish"],
    ]);
    const start = records[0]!.message(10);
    assert.deepEqual([1, 2, 4, 5, 10].map((field) => start.text(field)), [
      "tumors",
      "",
      "first",
      "a try",
      "abc12345",
    ]);
    assert.equal(start.int(11), 1);
    assert.equal(start.time(12), RUN.startedAt.getTime());
    const saves = records.slice(1, 3).map((record) => record.message(20));
    assert.deepEqual(saves.map((save) => [save.text(1), save.text(2), save.int(4), save.int(5)]), [
      ["config", `${DIRECTORY}/files/config.yaml`, 0, 1],
      ["metadata", `${DIRECTORY}/files/swanlab-metadata.json`, 0, 2],
    ]);
    const [loss, dice] = records.slice(3, 5).map((record) => record.message(13));
    assert.deepEqual([loss!.int(3), loss!.time(4), loss!.message(5).real(1)], [1, TIME.getTime(), 0.1]);
    assert.ok(Number.isNaN(dice!.message(5).real(1)));
    const [figure, note] = records.slice(5, 7).map((record) => record.message(14));
    assert.deepEqual([figure!.int(3), figure!.time(4), note!.int(3)], [2, TIME.getTime(), 4]);
    const item = figure!.message(5).message(1);
    assert.deepEqual([item.text(1), item.text(2), item.int(3), item.text(4)], [image, hash(PNG), 3, "one"]);
    const finish = records[7]!.message(11);
    assert.deepEqual([finish.int(1), finish.text(2), finish.time(3)], [1, "", TIME.getTime()]);
  }));

Deno.test("SwanLabFile: records span blocks, with every kind of fragment", () =>
  inTempFolder(async (folder) => {
    const file = await SwanLabFile.open(folder, RUN);
    const keys: string[] = [];
    for (let step = 1; step <= 300; step++) {
      const key = "k".repeat(400 + step);
      keys.push(key);
      await file.scalars(step, { [key]: step }, TIME);
    }
    await file.finish(end("crashed", "e".repeat(100_000)));
    const { records, fragmentTypes } = await read(folder);
    assert.deepEqual(records.slice(3, 303).map((record) => record.message(13).text(1)), keys);
    assert.equal(records[303]!.message(16).text(1).length, 100_000);
    assert.deepEqual(new Set(fragmentTypes), new Set([1, 2, 3, 4]));

    const resumed = await SwanLabFile.open(folder, RUN, 300);
    assert.equal(resumed.lastStep, 300);
    await resumed.scalars(301, { a: 1 }, TIME);
    await resumed.finish(end("finished"));
    const { records: after } = await read(folder);
    assert.deepEqual(outline(after).slice(-3), [[301, "log"], [302, "scalar", "a", 301], [-2, "finish"]]);
  }));

Deno.test("SwanLabFile: a crash records an error line and its state, an abort only its state", () =>
  inTempFolder(async (folder) => {
    await (await SwanLabFile.open(folder, RUN)).finish(end("crashed", "NaN at step 7"));
    const crashed = (await read(folder)).records;
    assert.deepEqual(outline(crashed).slice(3), [[1, "log"], [-2, "finish"]]);
    const log = crashed[3]!.message(16);
    assert.deepEqual([log.text(1), log.int(2), log.time(3), log.int(4)], [
      "NaN at step 7",
      1,
      TIME.getTime(),
      1,
    ]);
    assert.deepEqual([crashed[4]!.message(11).int(1), crashed[4]!.message(11).text(2)], [2, "NaN at step 7"]);

    await (await SwanLabFile.open(folder, RUN, 0)).finish(end("aborted"));
    const aborted = (await read(folder)).records;
    assert.deepEqual(outline(aborted).slice(3), [[1, "log"], [-2, "finish"]]);
    assert.equal(aborted.at(-1)!.message(11).int(1), 3);
  }));

Deno.test("SwanLabFile: resume removes later records and the end, and continues in the same directory", () =>
  inTempFolder(async (folder) => {
    const file = await SwanLabFile.open(folder, RUN);
    for (const step of [1, 2, 3]) await file.scalars(step, { a: step, b: step }, TIME);
    await file.finish(end("aborted"));
    const resumed = await SwanLabFile.open(
      folder,
      { ...RUN, startedAt: new Date(), config: { filters: 16 } },
      2,
    );
    assert.equal(resumed.directory, join(folder, DIRECTORY));
    await resumed.scalars(3, { a: 9 }, TIME);
    await resumed.finish(end("finished"));
    assert.deepEqual(outline((await read(folder)).records).slice(3), [
      [1, "scalar", "a", 1],
      [2, "scalar", "b", 1],
      [3, "scalar", "a", 2],
      [4, "scalar", "b", 2],
      [5, "scalar", "a", 3],
      [-2, "finish"],
    ]);
    const config = JSON.parse(await Deno.readTextFile(join(folder, DIRECTORY, "files/config.yaml")));
    assert.equal(config.filters.value, 16);
  }));

Deno.test("SwanLabFile: a file truncated or damaged at any byte continues after its last intact record", () =>
  inTempFolder(async (folder) => {
    const file = await SwanLabFile.open(folder, RUN);
    for (const step of [1, 2]) await file.scalars(step, { a: step }, TIME);
    await file.finish(end("aborted"));
    const path = join(folder, DIRECTORY, "run-abc12345.swanlab");
    const whole = await Deno.readFile(path);
    const check = async (bytes: Uint8Array) => {
      await Deno.writeFile(path, bytes);
      const resumed = await SwanLabFile.open(folder, RUN, 2);
      for (let step = Math.max(1, resumed.lastStep + 1); step <= 3; step++) {
        await resumed.scalars(step, { a: step }, TIME);
      }
      await resumed.finish(end("finished"));
      const { records } = await read(folder);
      const steps = records.filter((record) => record.has(13)).map((record) => record.message(13).int(2));
      assert.deepEqual(steps, [1, 2, 3]);
      assert.ok(records[0]!.has(10), "the first record must be the start");
    };
    for (let at = 0; at < whole.length; at += 7) {
      await check(whole.subarray(0, at));
      await check(whole.map((byte, index) => index === at ? byte ^ 0x10 : byte));
    }
  }));
