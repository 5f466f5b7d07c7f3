import assert from "node:assert/strict";
import { join } from "node:path";
import { openTensorBoard, TensorBoardFile } from "../../src/tracking/tensorboard.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { type Message, readTensorBoard } from "../support/tracking_files.ts";

const START = new Date("2026-01-02T03:04:05.000Z"), TIME = new Date("2026-01-02T03:05:00.500Z");
const CONFIG = { filters: 8, strong: true, norm: "none", nothing: null, adam: { beta1: 0.9 }, sizes: [1, 2] };
const NAME = `events.out.tfevents.${START.getTime() / 1000}.unet.0.0`;
const IMAGE = {
  name: "predictions",
  step: 2,
  png: Uint8Array.of(1, 2, 3),
  width: 7,
  height: 5,
  caption: "one",
};

const read = async (folder: string) => readTensorBoard(await Deno.readFile(join(folder, NAME)));
const values = (event: Message) => event.has(5) ? event.message(5).messages(1) : [];
const end = (step: number) => ({ state: "finished", message: "", time: TIME, step } as const);

/** Step and tags of every event except the first. */
const outline = (events: Message[]) => {
  return events.slice(1).map((event) => [event.int(2), ...values(event).map((value) => value.text(1))]);
};

Deno.test("TensorBoardFile: a run is one file in one folder, which TensorBoard shows as one run", () =>
  inTempFolder(async (folder) => {
    const file = await TensorBoardFile.open(folder, CONFIG, START);
    await file.scalars(1, { loss: 0.1, "valid/dice": NaN }, TIME);
    await file.image(IMAGE, TIME);
    await file.text({ name: "note", step: 2, text: "**ö**" }, TIME);
    await file.finish(end(2));
    assert.deepEqual(await filesUnder(folder), [NAME]);

    const events = await read(folder);
    const [version, , epoch] = events;
    assert.equal(version?.text(3), "brain.Event:2");
    assert.equal(version?.real(1), START.getTime() / 1000);
    assert.equal(epoch?.real(1), TIME.getTime() / 1000);
    const scalars = values(epoch!).map((value) => [value.text(1), value.real(2)]);
    assert.deepEqual(scalars, [["loss", Math.fround(0.1)], ["valid/dice", NaN]]);
    assert.deepEqual(outline(events), [
      [0, "_hparams_/session_start_info"],
      [1, "loss", "valid/dice"],
      [2, "predictions"],
      [2, "note/text_summary"],
      [2, "_hparams_/session_end_info"],
    ]);
    const [image] = values(events[3]!), [text] = values(events[4]!);
    const metadata = (value: Message) => [value.message(9).message(1).text(1), value.message(9).int(4)];
    assert.deepEqual(metadata(image!), ["images", 3]);
    assert.equal(image!.message(9).text(3), "one");
    assert.equal(image!.message(8).int(1), 7);
    assert.equal(image!.message(8).message(2).message(2).int(1), 3);
    const parts = image!.message(8).all(8) as Uint8Array[];
    assert.deepEqual(parts.slice(0, 2).map((part) => new TextDecoder().decode(part)), ["7", "5"]);
    assert.deepEqual(parts[2], IMAGE.png);
    assert.deepEqual(metadata(text!), ["text", 2]);
    assert.equal(text!.message(8).text(8), "**ö**");
  }));

Deno.test("TensorBoardFile: hyperparameters in the HParams plugin's format", () =>
  inTempFolder(async (folder) => {
    const files = await TensorBoardFile.open(folder, CONFIG, START);
    await files.finish({ ...end(0), state: "crashed" });
    const events = await read(folder);
    const [start, finish] = events.slice(1).map((event) => values(event)[0]!);
    for (const value of [start!, finish!]) {
      assert.equal(value.message(9).message(1).text(1), "hparams");
      assert.deepEqual([value.message(8).int(1), value.message(8).message(2).message(2).int(1)], [1, 0]);
    }
    const content = start!.message(9).message(1).message(2);
    assert.equal(content.int(1), 0);
    assert.equal(content.message(3).real(5), START.getTime() / 1000);
    const hparams = content.message(3).messages(1).map((entry) => {
      const value = entry.message(2);
      return [
        entry.text(1),
        value.has(2) ? value.real(2) : value.has(3) ? value.text(3) : value.int(4) === 1,
      ];
    });
    assert.deepEqual(Object.fromEntries(hparams), {
      filters: 8,
      strong: true,
      norm: "none",
      "adam.beta1": 0.9,
      sizes: "[1,2]",
    });
    const session = finish!.message(9).message(1).message(2).message(4);
    assert.deepEqual([session.int(1), session.real(2)], [2, TIME.getTime() / 1000]);
  }));

Deno.test("TensorBoardFile: resume removes later events, a torn tail and the earlier end, and continues in the same file", () =>
  inTempFolder(async (folder) => {
    const files = await TensorBoardFile.open(folder, CONFIG, START);
    for (const step of [1, 2, 3]) {
      await files.scalars(step, { loss: 1 / step }, TIME);
      await files.image({ ...IMAGE, step }, TIME);
    }
    await files.finish(end(3));
    await Deno.writeFile(join(folder, NAME), Uint8Array.of(9, 0, 0, 0, 0), { append: true });

    const resumed = await TensorBoardFile.open(folder, CONFIG, new Date(), 2);
    assert.equal(resumed.lastStep, 2);
    await resumed.scalars(3, { loss: 9 }, TIME);
    await resumed.finish(end(3));
    assert.deepEqual(outline(await read(folder)), [
      [0, "_hparams_/session_start_info"],
      [1, "loss"],
      [1, "predictions"],
      [2, "loss"],
      [2, "predictions"],
      [3, "loss"],
      [3, "_hparams_/session_end_info"],
    ]);

    const again = await TensorBoardFile.open(folder, CONFIG, START);
    assert.equal(again.lastStep, -1);
    await again.finish(end(0));
    assert.deepEqual(outline(await read(folder)).map(([, tag]) => tag), [
      "_hparams_/session_start_info",
      "_hparams_/session_end_info",
    ]);
  }));

Deno.test("TensorBoardFile: a file truncated at any byte continues after its last intact event", () =>
  inTempFolder(async (folder) => {
    const files = await TensorBoardFile.open(folder, {}, START);
    for (const step of [1, 2]) await files.scalars(step, { loss: 1 }, TIME);
    await files.finish(end(2));
    const path = join(folder, NAME);
    const whole = await Deno.readFile(path);
    for (let length = 0; length < whole.length; length += 5) {
      await Deno.writeFile(path, whole.subarray(0, length));
      const resumed = await TensorBoardFile.open(folder, {}, START, 2);
      for (let step = Math.max(1, resumed.lastStep + 1); step <= 3; step++) {
        await resumed.scalars(step, { loss: 1 }, TIME);
      }
      await resumed.finish(end(3));
      const written = outline(await read(folder)).filter(([, tag]) => tag === "loss");
      assert.deepEqual(written, [[1, "loss"], [2, "loss"], [3, "loss"]]);
    }
  }));

Deno.test("TensorBoardFile: an image of an epoch whose numbers are missing does not stand for them", () =>
  inTempFolder(async (folder) => {
    const file = await TensorBoardFile.open(folder, {}, START);
    await file.image(IMAGE, TIME);
    await file.finish(end(2));
    const resumed = await TensorBoardFile.open(folder, {}, START, 2);
    assert.equal(resumed.lastStep, -1);
    await resumed.finish(end(2));
  }));

Deno.test("openTensorBoard: a resumed run of version 0.1, in two folders, becomes one", () =>
  inTempFolder(async (runFolder) => {
    for (const part of ["scalars", "media"]) {
      await Deno.mkdir(join(runFolder, "tb", part), { recursive: true });
      await Deno.writeTextFile(join(runFolder, "tb", part, NAME), "");
    }
    const run = {
      runId: "a",
      project: "p",
      workspace: "",
      name: "n",
      description: "",
      config: {},
      startedAt: START,
    };
    const options = { ...run, runFolder, tensorboard: true, swanlab: "off", resume: 1 } as const;
    const file = await openTensorBoard({ run, options, onNote: () => {} });
    await file!.finish(end(1));
    assert.deepEqual(await filesUnder(runFolder), [`tb/${NAME}`]);
  }));
