/** Annotations that cannot be trusted, through every reader of a dataset: none of them may count as background. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  findSplits,
  inspectDataset,
  readSplit,
  resplitDataset,
  type RgbImage,
  type SplitReading,
  type Unannotated,
  writeMasks,
} from "../../mod.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { closeData } from "../../src/training/plan_run.ts";
import { loadData } from "../../src/training/train_data.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { spots, writeFiles } from "../support/coco.ts";
import { runInProcess } from "../support/run_task.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SQUARE = [[8, 8, 40, 8, 40, 40, 8, 40]];

/** An annotation file's content; by default of images 1.png and 2.png, with an annotation of each. */
interface Coco {
  images?: [id: unknown, fileName: string][];
  annotations?: Record<string, unknown>[] | undefined;
  categories?: { id: number; name: string }[];
}

function cocoJson({ images = [[1, "1.png"], [2, "2.png"]], categories, ...file }: Coco): string {
  const annotations = "annotations" in file ? file.annotations : [{}, { image_id: 2 }];
  return JSON.stringify({
    images: images.map(([id, file_name]) => ({ id, file_name, width: 64, height: 64 })),
    annotations: annotations?.map((annotation, i) => ({
      id: i + 1,
      image_id: 1,
      category_id: 1,
      segmentation: SQUARE,
      ...annotation,
    })),
    categories: categories ?? [{ id: 1, name: "lesion" }],
  });
}

/** Writes these splits, with images that no other split has. */
async function writeDataset(folder: string, splits: { [name: string]: Coco }): Promise<void> {
  let seed = 1;
  for (const [name, coco] of Object.entries(splits)) {
    const { images } = JSON.parse(cocoJson(coco)) as { images: { file_name: string }[] };
    const names = new Set(images.map(({ file_name }) => file_name));
    const files: { [path: string]: RgbImage } = {};
    for (const file of names) files[`${name}/${file}`] = spots(seed++);
    await writeFiles(folder, { [`${name}/${FILE}`]: cocoJson(coco), ...files });
  }
}

async function read(folder: string, unannotated?: Unannotated): Promise<SplitReading> {
  return await readSplit((await findSplits(folder))[0]!, unannotated === undefined ? {} : { unannotated });
}

/** One annotation's image is known, the other's is not. */
const UNCERTAIN: Coco = { annotations: [{}, { image_id: "2nd" }] };

/** Every annotation names its image by a string, every image its id by a number. */
const STRINGS: Coco = { annotations: [{ image_id: "1" }, { image_id: "2" }] };

Deno.test("readSplit: refuses to take images as background whose annotations may be unattributed, or leaves them out", () =>
  inTempFolder(async (folder) => {
    await writeDataset(folder, { train: UNCERTAIN });
    const refusal =
      /Cannot take 1 image without annotations of split "train" as background: the image of 1 annotation is unknown\nhint: .*--unannotated skip/;
    await assert.rejects(read(folder), refusal);
    await assert.rejects(read(folder, "empty"), refusal);
    const { samples, notes } = await read(folder, "skip");
    assert.deepEqual(samples.map(({ fileName }) => fileName), ["1.png"]);
    assert.deepEqual(notes, ["1 image without annotations left out: the image of 1 annotation is unknown"]);

    // Nothing else in a split with annotations of unknown images is refused.
    await writeDataset(folder, { train: { annotations: [{}, { image_id: 2 }, { image_id: 3 }] } });
    assert.equal((await read(folder)).samples.length, 2);

    await writeDataset(folder, { train: { annotations: undefined } });
    await assert.rejects(
      read(folder),
      /Cannot use split "train": none of its images is annotated: its annotation file has no "annotations"\nhint: /,
    );
    assert.deepEqual((await read(folder, "skip")).samples, []);
  }));

Deno.test("readSplit: samples are never those of unusable images; notes tell what is left out, partly drawn or merged", () =>
  inTempFolder(async (folder) => {
    const cases: [string, Coco, string[], string[]][] = [
      ["sound", {}, ["1.png", "2.png"], []],
      ["without annotations", { annotations: [{}] }, ["1.png", "2.png"], []],
      ["one file, two ids", { images: [[1, "1.png"], [2, "1.png"]] }, ["1.png"], []],
      ["one id, two files", { images: [[1, "1.png"], [1, "2.png"], [2, "3.png"]] }, ["3.png"], []],
      [
        "outside",
        { annotations: [{}, { image_id: 2, segmentation: [[90, 90, 99, 90, 99, 99]] }] },
        ["1.png"],
        [
          "1 image left out, with annotations that cannot be used",
        ],
      ],
      ["box only", { annotations: [{}, { image_id: 2, segmentation: [] }] }, ["1.png"], [
        "1 image left out, with annotations that cannot be used",
      ]],
      ["box next to outline", { annotations: [{}, { segmentation: [], bbox: [1, 1, 9, 9] }] }, [
        "1.png",
        "2.png",
      ], [
        "1 image annotated only in part: what cannot be drawn counts as background",
      ]],
      [
        "categories",
        {
          annotations: [{}, { category_id: 2 }],
          categories: [{ id: 0, name: "all" }, { id: 1, name: "brain" }, { id: 2, name: "lesion" }],
        },
        ["1.png", "2.png"],
        ['2 categories ("brain", "lesion") are merged into one foreground class'],
      ],
    ];
    for (const [name, coco, files, notes] of cases) {
      await writeDataset(join(folder, name), { train: coco });
      const reading = await read(join(folder, name));
      assert.deepEqual(reading.samples.map(({ fileName }) => fileName), files, name);
      assert.deepEqual(reading.notes, notes, name);
    }
    const { samples } = await read(join(folder, "one file, two ids"));
    assert.ok(samples[0]!.annotated && (await samples[0]!.mask()).data.includes(1));
  }));

Deno.test("inspectDataset: counts uncertain, unusable and partly annotated images, none of them as background", () =>
  inTempFolder(async (folder) => {
    await writeDataset(folder, {
      train: UNCERTAIN,
      valid: STRINGS,
      test: {
        annotations: [{}, { segmentation: null }, {
          image_id: 2,
          segmentation: [[0.1, 0.1, 0.9, 0.1, 0.5, 0.8]],
        }],
      },
    });
    const { splits, problems } = await inspectDataset(folder, { pixels: false });
    const counts = splits.map((
      { annotated, partlyAnnotated, unannotated, unusable, uncertain, samples },
    ) => ({
      annotated,
      partlyAnnotated,
      unannotated,
      unusable,
      uncertain,
      samples,
    }));
    const none = { annotated: 0, partlyAnnotated: 0, unannotated: 0, unusable: 0, uncertain: 0, samples: 0 };
    assert.deepEqual(counts, [
      { ...none, annotated: 1, uncertain: 1, samples: 1 },
      { ...none, unusable: 2 },
      { ...none, annotated: 1, partlyAnnotated: 1, unusable: 1, samples: 1 },
    ]);
    assert.deepEqual(splits.map(({ uncertainty }) => uncertainty), [
      "the image of 1 annotation is unknown",
      null,
      null,
    ]);
    await writeDataset(folder, { test: { images: [[1, "1.png"], [1, "2.png"], [2, "3.png"]] } });
    const [, , test] = (await inspectDataset(folder, { pixels: false })).splits;
    assert.deepEqual([test!.invalid, test!.images], [2, 1]);
    assert.deepEqual([problems, splits[2]!.problems.map(({ kind }) => kind)], [5, [
      "no-segmentation",
      "normalized-outline",
    ]]);
  }));

Deno.test("writeMasks: writes no empty mask for an image that may be annotated", () =>
  inTempFolder(async (folder) => {
    await writeDataset(join(folder, "data"), { train: UNCERTAIN });
    const [data, output] = [join(folder, "data"), join(folder, "masks")];
    await assert.rejects(writeMasks(data, output), /Cannot take 1 image without annotations/);
    assert.deepEqual(await filesUnder(folder), [
      "data/train/1.png",
      "data/train/2.png",
      `data/train/${FILE}`,
    ]);
    assert.equal((await writeMasks(data, output, { unannotated: "skip" })).written, 1);
  }));

Deno.test("resplitDataset: what inspect reports before it reports after, or the images are left out and counted", () =>
  inTempFolder(async (folder) => {
    const [data, output] = [join(folder, "data"), join(folder, "new")];
    const outline = [[90, 90, 99, 90, 99, 99]];
    await writeDataset(data, {
      train: UNCERTAIN,
      valid: {
        images: [[1, "a.png"], [2, "b.png"], [3, "a.png"], [4, "c.png"], [4, "d.png"], ["5", "e.png"]],
        annotations: [
          { segmentation: [] },
          { image_id: 3 },
          { image_id: 2, segmentation: outline },
          { image_id: 4 },
          { image_id: "5", category_id: 9 },
        ],
      },
      test: { annotations: [{}] },
    });
    const report = await resplitDataset(data, output, { valid: 0, test: 0 });
    assert.deepEqual(report.leftOut, [
      { images: 1, reason: "train: not annotated, but the image of 1 annotation is unknown" },
      { images: 2, reason: "valid: their entries are invalid or ambiguous" },
      { images: 1, reason: "valid: their annotations cannot be used" },
    ]);
    const [train] = (await inspectDataset(output, { pixels: false })).splits;
    const { images, annotations, annotated, partlyAnnotated, unannotated } = train!;
    assert.deepEqual({ images, annotations, annotated, partlyAnnotated, unannotated }, {
      images: 5,
      annotations: 4,
      annotated: 4,
      partlyAnnotated: 1,
      unannotated: 1,
    });
    assert.deepEqual(train!.problems.map(({ kind }) => kind), ["no-segmentation", "unknown-category"]);

    await writeDataset(data, { train: STRINGS, valid: STRINGS, test: { annotations: undefined } });
    await assert.rejects(
      resplitDataset(data, join(folder, "none")),
      /no image can be used: 2 in train: their annotations cannot be used; .*; 2 in test: not annotated, but its annot/,
    );
    assert.equal((await filesUnder(folder)).filter((path) => path.startsWith("none")).length, 0);
  }));

Deno.test("resplitDataset: ids beyond 2^53 and ids that are strings keep their annotations and categories", () =>
  inTempFolder(async (folder) => {
    const [data, output] = [join(folder, "data"), join(folder, "new")];
    await writeDataset(data, { train: {}, valid: {} });
    const big = "9007199254740993";
    await writeFiles(data, {
      [`train/${FILE}`]: cocoJson({ annotations: [{ image_id: 2, track: { id: 2 } }] })
        .replaceAll(/"(image_)?id":2\b/g, `"$1id":${big}`),
      [`valid/${FILE}`]: cocoJson({}).replaceAll(/"((?:image_|category_)?id)":(\d)/g, '"$1":"$2"'),
    });
    await resplitDataset(data, output, { valid: 0, test: 0 });
    const text = await Deno.readTextFile(join(output, "train", FILE));
    assert.match(text, /"track":\{"id":9007199254740993\}/);
    const [{ problems, annotated, categories }] = (await inspectDataset(output, { pixels: false }))
      .splits as [
        Awaited<ReturnType<typeof inspectDataset>>["splits"][number],
      ];
    assert.deepEqual([problems, annotated], [[], 3]);
    assert.equal(categories.reduce((sum, { annotations }) => sum + annotations, 0), 3);
  }));

Deno.test("loadData: trains on no split with images in doubt or without any annotation, and notes what is left out", () =>
  inTempFolder(async (folder) => {
    const [data, cacheFolder] = [join(folder, "data"), join(folder, "cache")];
    const load = async (unannotated: Unannotated = "empty") => {
      const notes: string[] = [];
      const config = completeTrainConfig({ size: 32, unannotated });
      const loaded = await loadData(data, config, { cacheFolder, onNote: (note) => notes.push(note) });
      await closeData(loaded.data);
      return notes.filter((note) => !note.includes(".samples"));
    };
    await writeDataset(data, { train: UNCERTAIN, valid: { annotations: [{}, { segmentation: [] }] } });
    await assert.rejects(load(), /Cannot take 1 image without annotations of split "train" as background/);
    assert.deepEqual(await load("skip"), [
      "train: 1 image without annotations left out: the image of 1 annotation is unknown",
      'train: 1 problem: annotation 2: its image_id is "2nd"; an id must be an integer or a string of digits; ' +
      "deno task inspect lists all",
      "valid: 1 image annotated only in part: what cannot be drawn counts as background",
      "valid: 1 problem: annotation 2: it has no segmentation (image 1); deno task inspect lists all",
    ]);
    const { stdout } = await runInProcess(inspect(), [data]);
    assert.match(stdout, /\nwarning: images annotated only in part: 1 in valid\. .*\n {2}hint: [^\n]*\n$/);
    await writeDataset(data, { train: { annotations: [] }, valid: {} });
    await assert.rejects(load(), /Cannot train on split "train": none of its images is annotated\nhint: /);
    await writeDataset(data, { train: {}, valid: { annotations: [] } });
    assert.deepEqual(await load(), ["valid: nothing is annotated; its Dice is undefined"]);
  }));
