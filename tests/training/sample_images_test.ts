/** Validation samples in a run's folder and records. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../src/image/decode.ts";
import { inputToRgb, SampleImages, type SampleImagesOptions } from "../../src/training/sample_images.ts";
import type { Example } from "../../src/training/train_data.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { normalizeImage } from "../../src/image/normalize.ts";
import type { Metrics } from "../../src/tracking/backend.ts";
import type { Tracker } from "../../src/tracking/tracker.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY } from "../support/tiny_data.ts";
import { assertSameOutcome, withRuns } from "../support/tiny_run.ts";
import { readSwanLab, readTensorBoard } from "../support/tracking_files.ts";

await openTestGpu();

/** A sample of 32 x 32, whose left half is annotated. */
const EXAMPLE = {
  input: { shape: [3, 32, 32], data: new Float32Array(3 * 32 * 32).map((_, at) => at % 7) },
  labels: { width: 32, height: 32, data: new Uint8Array(32 * 32).map((_, at) => at % 32 < 16 ? 1 : 0) },
} as unknown as Example;

/** Samples whose prediction takes `seconds`, and the captions that a tracker got. */
function drawing(
  folder: string,
  seconds: () => number,
  { fail = false, ...more }: { fail?: boolean; count?: number } & Partial<SampleImagesOptions> = {},
) {
  const captions: string[] = [];
  const batches: number[] = [];
  const notes: string[] = [];
  const samples = new SampleImages({
    folder,
    examples: () => Array.from({ length: more.count ?? 2 }, () => EXAMPLE),
    normalize: "picture",
    head: "sigmoid",
    predict: async ({ data, shape: [batch] }) => {
      if (fail) throw new RangeError("no memory\nhint: none");
      batches.push(batch!);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds() * batch!));
      // The upper half: a quarter of the image is in both.
      return {
        shape: [data.length / 3072, 1, 32, 32],
        data: new Float32Array(data.length / 3).map((_, at) => at % 1024 < 512 ? 1 : 0),
      };
    },
    onNote: (note) => notes.push(note),
    ...more,
  });
  const tracker = {
    image(name: string, step: number, _png: Uint8Array, width: number, height: number, caption: string) {
      captions.push(`${step} ${name} ${width} x ${height}: ${caption}`);
      return Promise.resolve();
    },
  } as unknown as Tracker;
  return { samples, tracker, captions, notes, batches };
}

Deno.test("SampleImages: draws each sample with its Dice, and names no file", () =>
  inTempFolder(async (folder) => {
    const { samples, tracker, captions } = drawing(folder, () => 0);
    await samples.record(tracker, 7, await samples.draw(true), true);
    assert.deepEqual(captions, [
      "7 samples/1 32 x 32: validation sample 1, Dice 0.500",
      "7 samples/2 32 x 32: validation sample 2, Dice 0.500",
    ]);
    assert.deepEqual(await filesUnder(folder), ["samples/epoch-0007-1.png", "samples/epoch-0007-2.png"]);
    const image = await decodeImage(await Deno.readFile(join(folder, "samples/epoch-0007-1.png")));
    assert.deepEqual([image.width, image.height], [32, 32]);
  }));

Deno.test("SampleImages: takes its share of training and no more; the first time is free", () =>
  inTempFolder(async (folder) => {
    let seconds = 0.15;
    const { samples } = drawing(folder, () => seconds);
    const drawn: number[] = [];
    for (let epoch = 1; epoch <= 9; epoch++) {
      if ((await samples.draw(true)).length > 0) drawn.push(epoch);
      samples.passEpoch(1);
      seconds = 0.06;
    }
    // Twice 60 ms in the second epoch, of which each epoch earns 50.
    assert.deepEqual(drawn.slice(0, 2), [1, 2]);
    assert.ok(!drawn.includes(3) && drawn.length <= 5, `${drawn}`);
    samples.passEpoch(1000);
    assert.equal((await samples.draw(true)).length, 2);
  }));

Deno.test("SampleImages: an epoch that is not the best draws what its share allows, and the next one the others", () =>
  inTempFolder(async (folder) => {
    // One of them takes 30 ms, and an epoch of 9 s may take 90.
    const { samples, tracker, captions, batches } = drawing(folder, () => 0.03, { count: 5, together: 2 });
    const drawn: number[][] = [];
    for (const best of [true, false, false, false, false]) {
      const images = await samples.draw(best);
      drawn.push(images.map(({ number }) => number));
      await samples.record(tracker, drawn.length, images, best);
      samples.passEpoch(9);
    }
    assert.deepEqual(drawn[0], [1, 2, 3, 4, 5]);
    assert.deepEqual(batches.slice(0, 3), [2, 2, 1]);
    // However slow this machine is now: in turn, and after the first, free one no more than three times 30 ms.
    const rest = drawn.slice(1).flat();
    assert.ok(rest.length > 0 && drawn.slice(1).every(({ length }) => length <= 2), JSON.stringify(drawn));
    assert.deepEqual(rest, rest.map((_, index) => index % 5 + 1));
    assert.ok(captions.every((caption) => caption.startsWith("1 ")), "only the best epoch is recorded");
  }));

Deno.test("SampleImages: the images of best epochs stay, of others only the newest, also when a run is resumed", () =>
  inTempFolder(async (folder) => {
    const name = (epoch: number, sample: number) => `samples/epoch-000${epoch}-${sample}.png`;
    const losses = [0.5, 0.6, 0.4, 0.7, 0.45].map((loss) => ({ "valid/loss": loss }));
    const train = async (from: number, to: number, history: readonly Metrics[]) => {
      const { samples, tracker } = drawing(folder, () => 0, { history });
      for (let epoch = from; epoch <= to; epoch++) {
        const best = epoch === 1 || epoch === 3;
        await samples.record(tracker, epoch, await samples.draw(best), best);
        samples.passEpoch(1000);
      }
    };
    await train(1, 4, []);
    const kept = [name(1, 1), name(1, 2), name(3, 1), name(3, 2)];
    assert.deepEqual(await filesUnder(folder), [...kept, name(4, 1), name(4, 2)]);
    // The process was killed before it removed one.
    await Deno.copyFile(join(folder, name(4, 1)), join(folder, name(2, 1)));
    await train(5, 8, losses.slice(0, 4));
    assert.deepEqual(await filesUnder(folder), [...kept, name(8, 1), name(8, 2)]);
  }));

Deno.test("SampleImages: a failure is one note, and training continues without them", () =>
  inTempFolder(async (folder) => {
    const { samples, notes } = drawing(folder, () => 0, { fail: true });
    for (const _ of [1, 2]) assert.deepEqual(await samples.draw(true), []);
    assert.deepEqual(notes, ["validation samples are not drawn, training continues: no memory"]);
  }));

Deno.test("inputToRgb: undoes either normalization up to contrast", () => {
  const image = { shape: [3, 1, 2], data: Float32Array.of(0, 1, 0.25, 0.5, 0.5, 0.75) };
  for (const how of ["imagenet", "picture"] as const) {
    assert.deepEqual([...inputToRgb(normalizeImage(image, how), how).data], [0, 64, 128, 255, 128, 191]);
    // A pixel far brighter than all others does not turn them black.
    const deep = {
      shape: [3, 20, 20],
      data: new Float32Array(1200).map((_, i) => i === 7 ? 16 : (i % 400) / 800),
    };
    const { data } = inputToRgb(normalizeImage(deep, how), how, true);
    assert.ok(data[3 * 7] === 255 && Math.abs(data[3 * 200]! - 128) < 3, `${data[3 * 200]}`);
  }
});

Deno.test("trainRun: samples and the best epoch's figure are in the folder and in all records, and change no bit", () =>
  withRuns(async (run) => {
    const config = { ...TINY, average: 0.9, epochs: 2 };
    const tracking = { swanlab: "offline", tensorboard: true } as const;
    const drawn = run("drawn", { config, samples: 2, tracking });
    const notes: string[] = [];
    const { best } = await trainRun(drawn, { onNote: (note) => notes.push(note) });
    await trainRun(run("plain", { config }));
    await assertSameOutcome(drawn.folder, join(drawn.folder, "../plain"));
    assert.deepEqual(notes, []);

    const names = await filesUnder(drawn.folder);
    const of = (start: string) => names.filter((name) => name.startsWith(start));
    assert.ok(
      of("samples/").includes(`samples/epoch-${`${best!.epoch}`.padStart(4, "0")}-2.png`),
      `${names}`,
    );
    assert.ok(names.includes("valid-predictions.png") && names.includes("curves.png"));
    const [tb] = of("tb/");
    const events = readTensorBoard(await Deno.readFile(join(drawn.folder, tb!)));
    const tags = events.flatMap((event) =>
      event.has(5) ? event.message(5).messages(1).map((value) => value.text(1)) : []
    );
    const [swanlab] = of("swanlog/").filter((name) => name.endsWith(".swanlab"));
    const { records } = readSwanLab(await Deno.readFile(join(drawn.folder, swanlab!)));
    const keys = records.flatMap((record) => record.has(14) ? [record.message(14).text(1)] : []);
    for (const name of ["samples/1", "samples/2", "valid/predictions"]) {
      assert.ok(tags.includes(name), `TensorBoard: ${tags}`);
      assert.ok(keys.includes(name), `SwanLab: ${keys}`);
    }
    assert.equal(of("swanlog/").filter((name) => name.includes("media/image/")).length, keys.length);
  }));

Deno.test("SampleImages: exclusive classes are the most probable ones, and ignored pixels count in neither mask", () =>
  inTempFolder(async (folder) => {
    const pixels = 32 * 32;
    const labels = EXAMPLE.labels.data.map((label, at) => at % 32 === 31 ? 255 : 2 * label);
    const samples = new SampleImages({
      folder,
      examples: () => [{ ...EXAMPLE, labels: { ...EXAMPLE.labels, data: labels } }],
      normalize: "picture",
      head: "softmax",
      // Neither class is above one half on the left, but the background is below both; and on the ignored column.
      predict: () => {
        const data = new Float32Array(2 * pixels).map((_, at) => {
          const column = at % 32;
          return column < 16 || column === 31 ? (at < pixels ? 0.3 : 0.4) : 0.1;
        });
        return Promise.resolve({ shape: [1, 2, 32, 32], data });
      },
    });
    const [sample] = await samples.draw(true);
    assert.equal(sample!.caption, "validation sample 1, Dice 1.000");
  }));
