import assert from "node:assert/strict";
import type { DatasetImage, DatasetSummary } from "../../../src/page/api/dataset.ts";
import { chosenItems, itemsOf } from "../../../src/page/app/dataset/dataset_items.ts";

const image = (fileName: string, more: Partial<DatasetImage> = {}): DatasetImage => ({
  fileName,
  width: 8,
  height: 8,
  state: "annotated",
  annotations: 1,
  classes: [0],
  problems: [],
  ...more,
});

const SUMMARY: DatasetSummary = {
  folder: "dataset",
  classes: [],
  splits: [
    {
      name: "train",
      role: "train",
      annotated: true,
      problems: [],
      images: [
        image("One Scan.png"),
        image("b.png", { classes: [1], problems: [{ kind: "bad-rle", message: "" }] }),
      ],
    },
    {
      name: "test",
      role: "test",
      annotated: true,
      problems: [],
      images: [image("b.png", { state: "unannotated", classes: [] }), image("c.png", { state: "unlisted" })],
    },
  ],
};

const FOUND = [{ split: "test", fileName: "c.png", kind: "unreadable-image", message: "" }];
const ALL = { split: "", shows: "", text: "", order: "files" };
const names = (filter: Partial<typeof ALL>) =>
  chosenItems(itemsOf(SUMMARY, FOUND), { ...ALL, ...filter })
    .map(({ split, image: { fileName } }) => `${split}/${fileName}`);

Deno.test("chosenItems: by split, class, state and words of the name; problems first if asked for", () => {
  assert.deepEqual(names({}), ["train/One Scan.png", "train/b.png", "test/b.png", "test/c.png"]);
  assert.deepEqual(names({ order: "problems" }), [
    "train/b.png",
    "test/c.png",
    "train/One Scan.png",
    "test/b.png",
  ]);
  assert.deepEqual(names({ split: "test" }), ["test/b.png", "test/c.png"]);
  assert.deepEqual(names({ shows: "1" }), ["train/b.png"]);
  assert.deepEqual(names({ shows: "problems", split: "test" }), ["test/c.png"]);
  assert.deepEqual(names({ shows: "empty" }), ["test/b.png"]);
  assert.deepEqual(names({ shows: "unknown" }), ["test/c.png"]);
  assert.deepEqual(names({ text: " scan  ONE" }), ["train/One Scan.png"]);
  assert.deepEqual(names({ text: "nothing" }), []);
});

Deno.test("itemsOf: keeps the objects of images of which nothing new is known", () => {
  const before = itemsOf(SUMMARY, []);
  const after = itemsOf(SUMMARY, FOUND, before);
  assert.deepEqual(after.map((item, index) => item === before[index]), [true, true, true, false]);
  assert.deepEqual(after[3]!.problems, [FOUND[0]]);
});
