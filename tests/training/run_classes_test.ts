import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { OpenSplit } from "../../src/dataset/class_overlaps.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { chooseRunClasses, type RunClassesOptions } from "../../src/training/run_classes.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import { type ClassDatasetOptions, writeClassDataset } from "../support/class_dataset.ts";
import { inTempFolder } from "../support/temp_folder.ts";

type Choose = (
  config?: Partial<TrainConfig>,
  options?: Partial<RunClassesOptions>,
) => Promise<{ config: TrainConfig; head: string; notes: string[] }>;

function inDataset(
  options: ClassDatasetOptions,
  body: (choose: Choose, opened: OpenSplit[]) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    await writeClassDataset(folder, options);
    const splits = await findSplits(folder);
    const open = async (role: "train" | "valid"): Promise<OpenSplit> => {
      const split = splitOf(splits, role);
      return { split, listing: await openSplit(split) };
    };
    const opened = [await open("train"), await open("valid")];
    await body(async (config = {}, options = {}) => {
      const notes: string[] = [];
      const result = await chooseRunClasses(opened, completeTrainConfig(config), {
        resumes: null,
        cacheFolder: null,
        onNote: (note) => notes.push(note),
        ...options,
      });
      return { ...result, notes };
    }, opened);
  });
}

/** The settings that name classes. */
const named = ({ classes, merge, head }: TrainConfig) => ({ classes, merge, head });

Deno.test("chooseRunClasses: all outlined categories become classes, exclusive if none overlap, and lines say so", () =>
  inDataset({ ignored: true }, async (choose) => {
    const { config, notes } = await choose();
    deepStrictEqual(named(config), {
      classes: ["disc", "cup", "vessel"],
      merge: undefined,
      head: "softmax",
    });
    deepStrictEqual(notes, [
      '3 classes: "disc", "cup", "vessel": all outlined categories; --classes picks, --merge unites, ' +
      "--binary makes one",
      'pixels of "ignore" count neither in the loss nor in metrics',
      "head softmax: no two classes overlap in any image",
    ]);
  }));

Deno.test("chooseRunClasses: overlapping classes get a sigmoid, unless the head is given or no overlap is left", () =>
  inDataset({ overlap: true }, async (choose) => {
    const { head, notes } = await choose();
    strictEqual(head, "sigmoid");
    strictEqual(
      notes.at(-1),
      'head sigmoid: "disc", "cup" overlap in train/1.png (256 pixels); with --head softmax the later ' +
        "annotation wins",
    );
    strictEqual((await choose({ head: "softmax" })).config.head, "softmax");
    strictEqual((await choose({}, { given: { classes: ["cup", "vessel"] } })).head, "softmax");
    const focal = await choose({ loss: "focal" }, { given: { classes: ["cup", "vessel"] } });
    strictEqual(focal.notes.at(-1), "head sigmoid: the loss focal has no form for exclusive classes");
  }));

Deno.test("chooseRunClasses: flags pick, unite or make one class, and what is left is named", () =>
  inDataset({}, async (choose) => {
    const picked = await choose({}, { given: { classes: ["cup"] } });
    deepStrictEqual([named(picked.config), picked.notes], [
      { classes: ["cup"], merge: undefined, head: undefined },
      ['1 class: "cup"; background: "disc", "vessel"'],
    ]);
    const merged = await choose({}, { given: { merge: ["eye=disc+cup"] } });
    deepStrictEqual(merged.config.classes, ["eye", "vessel"]);
    deepStrictEqual(merged.config.merge, ["eye=disc+cup"]);
    const one = await choose({}, { given: { binary: true } });
    deepStrictEqual([one.config, one.notes], [completeTrainConfig(), []], "as a dataset of one category");
    await rejects(choose({}, { given: { classes: ["scan"] } }), {
      name: "RangeError",
      message: /^Cannot train on "scan": no annotation of split "train" has this class\nhint: /,
    });
    await rejects(
      choose({}, { given: { merge: ["ignore=disc+cup+vessel"] } }),
      /no category is left\nhint: /,
    );
    await rejects(choose({}, { given: { classes: ["cups"] } }), /"cups": the dataset has "scan", "disc"/);
  }));

Deno.test("chooseRunClasses: refuses annotations that only say what to ignore", () =>
  inDataset({ ignored: true }, async (_, opened) => {
    const only = opened.map(({ split, listing }) => {
      const images = listing.images.map((image) => ({ ...image, categoryIds: [9] }));
      return { split, listing: { ...listing, images } };
    });
    await rejects(
      chooseRunClasses(only, completeTrainConfig(), { resumes: null, cacheFolder: null }),
      /^Error: Cannot train on these annotations: .* "ignore", which are no classes\nhint: /,
    );
  }));

Deno.test("chooseRunClasses: a resumed run keeps its classes, and one without classes their union", () =>
  inDataset({}, async (choose) => {
    const { config } = await choose({}, { given: { merge: ["eye=disc+cup"] } });
    const again = await choose(config, { resumes: "runs/a" });
    deepStrictEqual(again.config, config);
    strictEqual(JSON.stringify(again.config), JSON.stringify(config));
    deepStrictEqual((await choose({}, { resumes: "runs/a" })).config, completeTrainConfig());
    await rejects(
      choose(config, { resumes: "runs/a", given: { binary: true } }),
      /^Error: Cannot resume runs\/a with other classes: classes was eye, vessel, is foreground; .*\nhint: /,
    );
    await rejects(
      choose({ ...config, classes: ["eye", "bone"] }, { resumes: "runs/a" }),
      /^Error: Cannot resume runs\/a .*trained on "bone", the categories are "scan", "disc", .*\nhint: /,
    );
  }));
