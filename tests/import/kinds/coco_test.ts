import assert from "node:assert/strict";
import type { RecognizeOptions } from "../../../src/import/import_kind.ts";
import { closeDecoders } from "../../../src/image/decode.ts";
import { labelPng, recognize, regionsOf, type SourceFiles, sourceOf } from "../../support/source_files.ts";
import { recognizeSource } from "../../../src/import/kinds.ts";

const EMPTY = new Uint8Array();
const SIZE = { width: 4, height: 4 };
const SQUARE = [[1, 1, 3, 1, 3, 3, 1, 3]];
const DRAWN = ["....", ".##.", ".##.", "...."];

/** A COCO file: an image per name, 4 x 4, each with these segmentations. */
function coco(
  names: readonly string[],
  segmentations: readonly unknown[] = [SQUARE],
  extra: object = {},
): string {
  return JSON.stringify({
    images: names.map((file_name, i) => ({ id: i + 1, file_name, ...SIZE })),
    categories: [{ id: 7, name: "polyp" }, { id: 8, name: "background" }],
    annotations: names.flatMap((_, i) =>
      segmentations.map((segmentation, k) => ({
        ...{ id: 10 * i + k, image_id: i + 1, category_id: 7, segmentation },
        ...extra,
      }))
    ),
  });
}

/** Path and split of every image. */
async function places(files: SourceFiles, options?: RecognizeOptions): Promise<[string, string | null][]> {
  return (await recognize(files, options)).images.map(({ path, split }) => [path, split]);
}

const images = (...paths: string[]): SourceFiles => Object.fromEntries(paths.map((path) => [path, EMPTY]));

Deno.test("COCO: finds the images of every layout, and the splits that files and folders name", async () => {
  const layouts: Record<string, [SourceFiles, [string, string | null][]]> = {
    "next to its images": [{ "any.json": coco(["a.png"]), ...images("a.png") }, [["a.png", null]]],
    "CVAT": [
      { "annotations/instances_default.json": coco(["a.png"]), ...images("images/default/a.png") },
      [["images/default/a.png", null]],
    ],
    "COCO proper": [
      {
        "annotations/instances_train2017.json": coco(["1.jpg", "2.jpg"]),
        "annotations/instances_val2017.json": coco(["1.jpg"]),
        "annotations/captions_val2017.json": coco(["1.jpg"], [], { caption: "a cat" }),
        "annotations/person_keypoints_val2017.json": coco(["1.jpg"]),
        ...images("train2017/1.jpg", "train2017/2.jpg", "val2017/1.jpg"),
      },
      [["train2017/1.jpg", "train"], ["train2017/2.jpg", "train"], ["val2017/1.jpg", "valid"]],
    ],
    "Roboflow": [
      {
        "train/_annotations.coco.json": coco(["a.png"]),
        "test/_annotations.coco.json": coco(["a.png"]),
        ...images("train/a.png", "test/a.png"),
      },
      [["test/a.png", "test"], ["train/a.png", "train"]],
    ],
    "Label Studio": [
      {
        "result.json": coco([
          "images/b3-a.png",
          "images\\b4-c.png",
          "../../label-studio/data/media/upload/1/e.png",
        ]),
        ...images("images/b3-a.png", "images/b4-c.png", "images/e.png"),
      },
      [["images/b3-a.png", null], ["images/b4-c.png", null], ["images/e.png", null]],
    ],
    "absolute paths, folders of the splits": [
      {
        "all.json": coco(["/home/a/x/train/1.png", "C:\\x\\val\\1.png"]),
        ...images("d/train/1.png", "d/val/1.png"),
      },
      [["d/train/1.png", "train"], ["d/val/1.png", "valid"]],
    ],
    "a folder within the archive": [
      { "set/labels.json": coco(["imgs/ä.png"]), ...images("set/imgs/a\u0308.png", "__else/ä.txt") },
      [["set/imgs/a\u0308.png", null]],
    ],
  };
  for (const [name, [files, expected]] of Object.entries(layouts)) {
    assert.deepEqual(await places(files), expected, name);
  }
});

Deno.test("COCO: crowds are foreground, empty masks an image without any, holes stay", async () => {
  const rle = { size: [4, 4], counts: [5, 2, 2, 2, 5] };
  const crowd = await recognize({ "a.json": coco(["a.png"], [rle], { iscrowd: 1 }), ...images("a.png") });
  assert.deepEqual(await regionsOf(crowd, "a.png", SIZE), [{ category: "polyp", rows: DRAWN }]);
  const empty = await recognize({
    "a.json": coco(["a.png", "b.png"], [{ size: [4, 4], counts: [16] }], { area: 0, bbox: [0, 0, 0, 0] }),
    ...images("a.png", "b.png"),
  });
  assert.deepEqual((await regionsOf(empty, "b.png", SIZE)).map(({ rows }) => rows.join("")), [
    ".".repeat(16),
  ]);
  const ring = { size: [4, 4], counts: [0, 5, 2, 2, 2, 5] };
  const holed = await recognize({ "a.json": coco(["a.png"], [ring]), ...images("a.png") });
  assert.deepEqual((await regionsOf(holed, "a.png", SIZE))[0]!.rows, ["####", "#..#", "#..#", "####"]);
});

Deno.test("COCO: annotations that cannot be trusted leave their image out, with the reason", async () => {
  const reasons: [unknown[], RegExp][] = [
    [[[]], /^it has an annotation without a segmentation$/],
    [[SQUARE, [[1, 1, 2, 2]]], /^it has a polygon with fewer than three points$/],
    [[SQUARE, { size: [5, 4], counts: [20] }], /^it has an RLE whose size differs from its image$/],
    [[[[0.1, 0.1, 0.6, 0.1, 0.6, 0.6]]], /^it has an outline whose coordinates are all within 0..1/],
  ];
  for (const [segmentations, reason] of reasons) {
    // Another image is fine: the file as a whole can be imported.
    const file = JSON.parse(coco(["a.png"], segmentations));
    file.images.push({ id: 2, file_name: "b.png", ...SIZE });
    file.annotations.push({ id: 99, image_id: 2, category_id: 7, segmentation: SQUARE });
    const recognition = await recognize({ "a.json": JSON.stringify(file), ...images("a.png", "b.png") });
    await assert.rejects(async () => await regionsOf(recognition, "a.png", SIZE), (error: Error) => {
      assert.match(error.message, reason);
      return error instanceof RangeError;
    });
    assert.equal((await regionsOf(recognition, "b.png", SIZE)).length, 1);
  }
  const other = await recognize({ "a.json": coco(["a.png"]), ...images("a.png") });
  await assert.rejects(
    async () => await regionsOf(other, "a.png", { width: 4, height: 5 }),
    /^RangeError: its annotations are for 4 x 4, the image is 4 x 5$/,
  );
});

Deno.test("COCO: lists what is missing or not listed, and says which images count as background", async () => {
  const file = JSON.parse(coco(["a.png", "gone.png"]));
  file.images.push({ id: 3, file_name: "empty.png", ...SIZE }, {
    id: 4,
    file_name: "bad.png",
    width: 0,
    height: 4,
  });
  const recognition = await recognize({
    "a.json": JSON.stringify(file),
    ...images("a.png", "empty.png", "bad.png", "more.png"),
  });
  assert.deepEqual(recognition.leftOut, [
    { reason: "listed in a.json, but there is no such image file", files: ["gone.png"] },
    { reason: "entries of a.json that cannot be used (deno task inspect says why)", files: ["bad.png"] },
    { reason: "images that no annotation file lists", files: ["more.png"] },
  ]);
  assert.match(recognition.lines.join(), /^1 listed without annotations: they count as background/);
  assert.deepEqual(await regionsOf(recognition, "empty.png", SIZE), []);
});

Deno.test("COCO: refuses what is ambiguous, with the candidates and the flag that decides", async () => {
  const both = { "a.json": coco(["1.png"]), "b.json": coco(["1.png"]), ...images("1.png") };
  await assert.rejects(
    () => recognize(both),
    /^Error: Cannot tell which annotations are meant: a.json and b.json both list "1.png"\nhint: --masks a.json /,
  );
  assert.deepEqual(await places(both, { masks: "b.json" }), [["1.png", null]]);

  const twice = { "a.json": coco(["1.png"]), ...images("left/1.png", "right/1.png") };
  await assert.rejects(
    () => recognize(twice),
    /^Error: Cannot tell which file "1.png" means: "left\/1.png" or "right\/1.png"\nhint: --images left /,
  );
  assert.deepEqual(await places(twice, { images: "right/" }), [["right/1.png", null]]);

  const one = { "a.json": coco(["x/1.png", "y/1.png"]), ...images("1.png") };
  await assert.rejects(() => recognize(one), /two entries of a.json mean the file "1.png"\nhint: --images /);

  const boxes = { "a.json": coco(["1.png"], [[]], { bbox: [1, 1, 2, 2] }), ...images("1.png") };
  await assert.rejects(
    () => recognize(boxes),
    /^Error: Cannot import ".*": a.json is COCO, but its annotations have no outlines, only boxes or captions\nhint: /,
  );
});

Deno.test("COCO: a damaged file is named with its line, and other JSON is none of its business", async () => {
  const damaged = `${coco(["1.png"]).slice(0, -3)}\n`;
  await assert.rejects(
    () => recognize({ "a.json": damaged, ...images("1.png") }),
    /^SyntaxError: Cannot read "a.json": found the end where .* at line 2, column 1$/,
  );
  const source = sourceOf({
    "a.json": "[1]",
    "b.json": "{",
    "c.json": '{"images":[{"id":1}]}',
    ...images("1.png"),
  });
  await assert.rejects(() => recognizeSource(source, {}), /none of: /);
});

Deno.test("import: boxes next to masks are no reason to refuse the masks", async () => {
  const boxes = { "boxes.json": coco(["a.png"], [[]]), ...images("images/a.png") };
  const { kind } = await recognize({
    ...boxes,
    "masks/a.png": labelPng(SIZE, new Uint8Array(16).fill(1, 3)),
  });
  assert.equal(kind, "masks");
  await closeDecoders();
});

Deno.test("import: annotations without any of their images say that these are missing", async () => {
  const missing = (file: string, image: string) =>
    new RegExp(
      `^Error: Cannot import "/data/source": the images of ${file}, such as "${image}", are not in it\nhint: export .* images`,
    );
  await assert.rejects(
    () => recognize({ "annotations/a.json": coco(["x/1.png"]) }),
    missing("annotations/a.json", "x/1.png"),
  );
  const shapes = { shapes: [], imagePath: "b.png", imageData: null };
  await assert.rejects(() => recognize({ "b.json": JSON.stringify(shapes) }), missing("b.json", "b.png"));
  const yolo = { "data.yaml": "names: [x]", "labels/train/c.txt": "0 0 0 1 0 1 1" };
  await assert.rejects(() => recognize(yolo), missing("data.yaml", "c.jpg"));
  const sizeless = JSON.parse(coco(["1.png"]));
  delete sizeless.images[0].width;
  await assert.rejects(
    () => recognize({ "a.json": JSON.stringify(sizeless), ...images("1.png") }),
    /^Error: Cannot import ".*": (no image of a.json can be used: image 1|a.json is COCO, but no annotation)/,
  );
});
