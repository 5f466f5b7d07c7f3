import assert from "node:assert/strict";
import { recognize, regionsOf, type SourceFiles } from "../../support/source_files.ts";

const EMPTY = new Uint8Array();
const SIZE = { width: 8, height: 4 };
const LEFT = "0 0 0 0.5 0 0.5 1 0 1\n";
const DRAWN = Array(4).fill("####....");

/** A dataset: images and labels by their paths without `images`, `labels` and endings. */
function yolo(yaml: string | null, labels: Record<string, string>): SourceFiles {
  return {
    ...yaml === null ? {} : { "data.yaml": yaml },
    ...Object.fromEntries(
      Object.entries(labels).flatMap(([path, text]) => {
        const place = (kind: string) => path.replace("*", kind);
        return [[`${place("images")}.jpg`, EMPTY], [`${place("labels")}.txt`, text]];
      }),
    ),
  };
}

async function describe(files: SourceFiles): Promise<Record<string, unknown>> {
  const { kind, categories, images, lines } = await recognize(files);
  assert.equal(kind, "YOLO segmentation");
  return {
    names: categories.map(({ name }) => name),
    splits: Object.fromEntries(images.map(({ path, split }) => [path, split])),
    lines,
  };
}

Deno.test("YOLO: reads names as list, map and the other way round", async () => {
  const labels = { "*/train/a": LEFT };
  for (
    const names of [
      "names: [cat, 1]",
      "names:\n  0: cat\n  1: '1'",
      "names:\n- cat\n- 1\nnc: 2",
    ]
  ) {
    assert.deepEqual(
      (await describe(yolo(`train: images/train\n${names}\n`, labels))).names,
      ["cat", "1"],
      names,
    );
  }
  assert.deepEqual((await describe(yolo("train: .\nnames: {cat: 0, dog: 1}", labels))).names, ["cat", "dog"]);
  // Without names, classes are called by their indices; a list next to the labels has names, too.
  assert.deepEqual((await describe(yolo(null, { "*/a": `${LEFT}2 0 0 1 0 1 1`, "*/b": LEFT }))).names, [
    "0",
    "2",
  ]);
  const listed = { ...yolo(null, labels), "classes.txt": "tumor\r\ncyst\r\n" };
  assert.deepEqual((await describe(listed)).names, ["tumor", "cyst"]);
});

Deno.test("YOLO: finds the images of the splits, whatever machine the paths are from", async () => {
  const roboflow = { "train/*/a": LEFT, "valid/*/b": LEFT, "test/*/c": LEFT };
  const expected = {
    "train/images/a.jpg": "train",
    "valid/images/b.jpg": "valid",
    "test/images/c.jpg": "test",
  };
  const yamls = [
    "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n",
    "path: /home/x/sets\ntrain: train/images\nval: valid/images\ntest: # none yet\n",
    "train: D:\\sets\\train\\images\nval: [/content/valid/images]\n",
    "names: [a]\n",
  ];
  for (const yaml of yamls) {
    const { splits } = await describe(
      yolo(`${yaml}names: [a]\n`.replace("names: [a]\nnames", "names"), roboflow),
    );
    assert.deepEqual(splits, expected, yaml);
  }
  assert.deepEqual((await describe(yolo(null, roboflow))).splits, expected);
  const lists = {
    ...yolo("path: .\ntrain: train.txt\nval: val.txt\nnames: {0: a}\n", { "*/sub/a": LEFT, "*/sub/b": LEFT }),
    "train.txt": "data/images/sub/a.jpg\n",
    "val.txt": "./images/sub/b.jpg\n",
  };
  assert.deepEqual((await describe(lists)).splits, {
    "images/sub/a.jpg": "train",
    "images/sub/b.jpg": "valid",
  });
  const same = await describe(yolo("train: images/all\nval: images/all\nnames: [a]\n", { "*/all/a": LEFT }));
  assert.deepEqual(same, {
    names: ["a"],
    splits: { "images/all/a.jpg": null },
    lines: ["data.yaml: valid and train have the same images: new splits are made"],
  });
  const gone = await describe(yolo("train: images/a\nval: elsewhere/b\nnames: [a]\n", { "*/a/x": LEFT }));
  assert.deepEqual(gone.lines, ["data.yaml: valid (elsewhere/b) is not in the source"]);
});

Deno.test("YOLO: draws polygons in pixels, and an empty file is an image without foreground", async () => {
  const recognition = await recognize(yolo("train: images\nnames: [left, background]\n", {
    "*/a": `${LEFT}\n1 0 0 1 0 1 1\n`,
    "*/b": "\n",
  }));
  assert.deepEqual(await regionsOf(recognition, "images/a.jpg", SIZE), [{ category: "left", rows: DRAWN }]);
  assert.deepEqual(await regionsOf(recognition, "images/b.jpg", SIZE), []);
  // Next to the images, without a folder of labels.
  const flat = await recognize({ "x/a.png": EMPTY, "x/a.txt": LEFT });
  assert.deepEqual(await regionsOf(flat, "x/a.png", SIZE), [{ category: "0", rows: DRAWN }]);
});

Deno.test("YOLO: labels that cannot be trusted leave their image out; what has no partner is listed", async () => {
  const files = {
    ...yolo("train: images\nnames: [left]\n", {
      "*/ok": LEFT,
      "*/box": `${LEFT}0 0.5 0.5 0.2 0.2\n`,
      "*/pixels": "0 10 10 50 10 50 40\n",
      "*/odd": "0 0.1 0.1 0.5 0.1 0.5 0.4 0.9\n",
      "*/words": "cat 0.1 0.1 0.5 0.1 0.5 0.4\n",
      "*/unnamed": "3 0.1 0.1 0.5 0.1 0.5 0.4\n",
    }),
    "images/alone.jpg": EMPTY,
    "labels/alone2.txt": LEFT,
  };
  const recognition = await recognize(files);
  const reasons: [string, RegExp][] = [
    ["box", /^RangeError: its labels have boxes, which are no outlines$/],
    ["pixels", /^RangeError: line 1 of its labels has the coordinate 10, expected shares in 0..1$/],
    ["odd", /^SyntaxError: line 1 of its labels has 7 numbers after the class/],
    ["words", /^SyntaxError: line 1 of its labels has "cat" where a number was expected$/],
    ["unnamed", /^RangeError: its class 3 has no name in the dataset$/],
  ];
  for (const [name, reason] of reasons) {
    await assert.rejects(async () => await regionsOf(recognition, `images/${name}.jpg`, SIZE), reason);
  }
  assert.deepEqual(recognition.leftOut, [
    { reason: "images without a label file (an empty one says: nothing there)", files: ["images/alone.jpg"] },
    { reason: "label files without an image", files: ["labels/alone2.txt"] },
  ]);
});

Deno.test("YOLO: refuses boxes only, several descriptions and damaged ones; other text is no label", async () => {
  await assert.rejects(
    () => recognize(yolo("train: images\nnames: [a]\n", { "*/a": "0 0.5 0.5 0.2 0.2\n" })),
    /^Error: Cannot import ".*": its labels are boxes \(labels\/a.txt\), which are no outlines\nhint: export .* segmentation/,
  );
  const two = {
    "a/data.yaml": "names: [x]\n",
    "b/data.yaml": "names: [y]\n",
    "a/1.png": EMPTY,
    "a/1.txt": LEFT,
  };
  await assert.rejects(
    () => recognize(two, {}, "/d"),
    /^Error: Cannot tell which file .*: a\/data.yaml or b\/data.yaml\nhint: import one folder: deno task import \/d\/a$/,
  );
  await assert.rejects(
    () => recognize(yolo("names: [a\n", { "*/a": LEFT })),
    /^SyntaxError: Cannot read "data.yaml": .* at line \d+, column \d+$/,
  );
  await assert.rejects(
    () => recognize(yolo("names: [a, [b]]\n", { "*/a": LEFT })),
    /the name of class 1 is \["b"\]/,
  );
  await assert.rejects(() => recognize({ "a.png": EMPTY, "a.txt": "Taken on a Friday.\n" }), /none of: /);
});
