import assert from "node:assert/strict";
import { join } from "node:path";
import { cardSplit } from "../../src/card/card_format.ts";
import { cardPaths, writeCard } from "../../src/card/card_files.ts";
import { makeCard } from "../../src/card/make_card.ts";
import { readSplit } from "../../src/dataset/samples.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { encodeRgbPng } from "../../src/image/encode.ts";
import { command } from "../../tasks/card.ts";
import { cocoText, paint, writeFiles } from "../support/coco.ts";
import { runInProcess } from "../support/run_task.ts";
import { smallModel, smallModelBytes } from "../support/small_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SQUARE = { segmentation: [[1, 1, 5, 1, 5, 5, 1, 5]], bbox: [1, 1, 4, 4], area: 16, iscrowd: 0 };

/** A model with its card, and the dataset that the card is about. */
async function prepare(folder: string) {
  const [model, data] = [join(folder, "model.safetensors"), join(folder, "data")];
  const text = cocoText({ width: 8, height: 8, images: 2 }, [SQUARE]);
  await writeFiles(data, {
    "train/_annotations.coco.json": text,
    "train/1.png": await encodeRgbPng(paint(8, 8, (x) => x)),
    "train/2.png": await encodeRgbPng(paint(8, 8, (_, y) => y)),
  });
  const bytes = smallModelBytes();
  await Deno.writeFile(model, bytes);
  const { samples } = await readSplit(splitOf(await findSplits(data), "train"));
  const files = await Promise.all(samples.map(async (sample) => ({
    image: hashBytes(await Deno.readFile(sample.imagePath)),
    mask: await sample.labelKey(),
    split: sample.split,
    fileName: sample.fileName,
  })));
  const subject = {
    file: "model.safetensors",
    sha256: hashBytes(bytes),
    byteLength: bytes.length,
    ...smallModel(),
  };
  await writeCard(cardPaths(model), makeCard(subject, { data: { train: cardSplit("f", files) } }));
  return { model, data };
}

Deno.test("card: shows the card, and compares model, images and masks with it", () =>
  inTempFolder(async (folder) => {
    const { model, data } = await prepare(folder);
    const run = (...args: string[]) => runInProcess(command(), [model, ...args]);
    const plain = await run();
    assert.deepEqual([plain.code, plain.stderr], [0, `1 file as in ${join(folder, "model.card.json")}\n`]);
    assert.match(plain.stdout, /^# Model card: model\.safetensors\n/);
    const whole = await run("--data", data, "--json");
    assert.equal(whole.code, 0, whole.stderr);
    const { card, verified } = JSON.parse(whole.stdout);
    assert.equal(card.format, "deno-unet card 1");
    assert.deepEqual(verified, { compared: 3, differences: [], notes: [] });

    await Deno.writeFile(join(data, "train/1.png"), await encodeRgbPng(paint(8, 8, () => 9)));
    const moved = { ...SQUARE, segmentation: [[2, 1, 6, 1, 6, 5, 2, 5]] };
    await writeFiles(data, {
      "train/_annotations.coco.json": cocoText({ width: 8, height: 8, images: 2 }, [moved]),
    });
    await Deno.remove(join(data, "train/2.png"));
    const other = await run("--data", data);
    assert.equal(other.code, 1);
    const differs = (name: string, what: string) => `differs: ${join(data, "train", name)}: ${what}\n`;
    assert.equal(
      other.stderr,
      differs("1.png", "another image than the card's") +
        differs("1.png", "another annotation than the card's") +
        differs("2.png", "missing or unreadable") +
        `error: 3 files of 3 not as in ${join(folder, "model.card.json")}\n`,
    );

    await Deno.writeFile(model, smallModelBytes({ threshold: 0.4 }));
    const changed = await run();
    assert.equal(changed.code, 1);
    assert.match(changed.stderr, /^differs: .*model\.safetensors: SHA-256 [0-9a-f]{64}, the card has /);
  }));

Deno.test("card: writes whose data they are, once, and not into the card of another model", () =>
  inTempFolder(async (folder) => {
    const { model } = await prepare(folder);
    const run = (...args: string[]) => runInProcess(command(), [model, ...args]);
    const flags = ["--license", "CC BY 4.0", "--license-url", "https://example.org/by"];
    for (const who of ["someone", "A | B, export of 2023"]) await run("--attribution", who, ...flags);
    const { card } = JSON.parse((await run("--json")).stdout);
    const source = { name: "CC BY 4.0", url: "https://example.org/by", attribution: "A | B, export of 2023" };
    assert.deepEqual(card.licences, { software: "MIT", data: [source] });
    const text = await Deno.readTextFile(cardPaths(model).markdown);
    assert.ok(text.endsWith("- data: CC BY 4.0 https://example.org/by; A \\| B, export of 2023\n"), text);
    const long = await run("--attribution", "x".repeat(1001));
    assert.match(long.stderr, /^error: Cannot write --attribution: it has 1001 characters, at most 1000\n/);

    await Deno.writeFile(model, smallModelBytes({ threshold: 0.4 }));
    assert.equal((await run("--attribution", "other")).code, 1);
    assert.equal(await Deno.readTextFile(cardPaths(model).markdown), text);
  }));

Deno.test("card: says how to get one, and refuses a damaged one", () =>
  inTempFolder(async (folder) => {
    const model = join(folder, "best.safetensors");
    await Deno.writeFile(model, smallModelBytes());
    const none = await runInProcess(command(), [folder]);
    assert.match(
      none.stderr,
      /^error: Cannot show the card of .*: there is no .*card\.json\nhint: train writes one/,
    );
    await writeFiles(folder, { "card.json": "{}" });
    const damaged = await runInProcess(command(), [folder]);
    assert.deepEqual([none.code, damaged.code], [1, 1]);
    assert.match(damaged.stderr, /^error: Cannot read the card: its format is not/);
  }));
