/** Which image an annotation belongs to, and what becomes of images if that is not certain. */
import assert from "node:assert/strict";
import { type CocoDataset, readCoco } from "../../mod.ts";

const SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]];
const OTHER = [[4, 4, 7, 4, 7, 7, 4, 7]];

type ImageEntry = [id: unknown, fileName: unknown, side?: number];

/** A dataset of 8 x 8 images with an annotation of each of these image ids. */
function read(images: ImageEntry[], imageIds: unknown[]): CocoDataset {
  return readCoco(cocoJson(images, imageIds));
}

/** Its text; bigints become numbers. */
function cocoJson(images: ImageEntry[], imageIds: unknown[]): string {
  const root = {
    images: images.map(([id, file_name, side = 8]) => ({ id, file_name, width: side, height: side })),
    annotations: imageIds.map((image_id, i) => ({
      id: i + 1,
      image_id,
      category_id: 1,
      segmentation: i % 2 === 0 ? SQUARE : OTHER,
    })),
    categories: [{ id: 1, name: "tumor" }],
  };
  const text = JSON.stringify(root, (_, value) => typeof value === "bigint" ? `<${value}>` : value);
  return text.replaceAll(/"<(\d+)>"/g, "$1");
}

/** The file name and the state of every usable image. */
function statesOf(dataset: CocoDataset): string[] {
  return dataset.images.map(({ id, fileName }) => `${fileName} ${dataset.state(id)}`);
}

function pixelsOf(dataset: CocoDataset, id: number | string): number {
  return dataset.mask(id).data.reduce((sum, value) => sum + value, 0);
}

Deno.test("readCoco: entries of one file and one size are one image, with the annotations of all", () => {
  const dataset = read([[1, "p.png"], [2, "./p.png"], [3, "q.png"], [3, "q.png"], [4, "r.png"]], [2, 1, 3]);
  assert.deepEqual(statesOf(dataset), ["p.png annotated", "q.png annotated", "r.png unannotated"]);
  assert.deepEqual([pixelsOf(dataset, 1), pixelsOf(dataset, 2)], [24, 24]);
  assert.deepEqual(dataset.annotations.map(({ imageId }) => imageId), [1, 1, 3]);
  assert.deepEqual(dataset.problems.map(({ message, effect }) => `${effect}: ${message}`), [
    'kept: image 2: the same file as image 1, "p.png": they count as one image',
    'kept: image 3: it is listed twice, both times as "q.png"',
  ]);
});

Deno.test("readCoco: a file of two sizes, and files of one id, are not used", () => {
  const cases: [string, ImageEntry[], string[], RegExp][] = [
    [
      "two sizes",
      [[1, "p.png"], [2, "p.png", 9]],
      [],
      /image 1: "p.png" is listed with 8 x 8 and with 9 x 9/,
    ],
    [
      "one size invalid",
      [[1, "p.png"], [2, "p.png", 0]],
      [],
      /"p.png" is listed with 8 x 8 and with no valid/,
    ],
    [
      "two files",
      [[1, "a/x.png"], [1, "b/x.png"]],
      [],
      /image 1: its id is that of "a\/x.png" and of "b\/x.png"/,
    ],
    [
      "a file without a name",
      [[1, "p.png"], [1, "../x.png"]],
      [],
      /its id is that of "p.png" and of another file/,
    ],
    // Its second entry says whose annotations those of image 1 may be.
    [
      "an entry in doubt",
      [[1, "p.png"], [1, "q.png"], [2, "q.png"]],
      [],
      /also listed by image 1, whose annot/,
    ],
    ["an invalid id", [["x", "p.png"], [1, "p.png"]], [], /"p.png" is also listed by image entry 1/],
    ["one number", [[7, "p.png"], ["7", "q.png"]], [], /its id is that of "p.png" and of "q.png"/],
    ["others stay", [[1, "p.png"], [2, "p.png", 9], [3, "q.png"]], ["q.png unannotated"], /image 2: "p.png"/],
  ];
  for (const [name, images, states, message] of cases) {
    const dataset = read(images, [1, 2, 7]);
    const found = statesOf(dataset).map((state) => state.replace("uncertain", "unannotated"));
    assert.deepEqual(found, states, name);
    assert.ok(dataset.problems.some((problem) => message.test(problem.message)), `${name}: ${message}`);
    assert.ok(images.every(([, file]) => file === "../x.png" || dataset.fileNames.has(file as string)), name);
  }
});

Deno.test("CocoDataset.state: of skipped images it is unusable, of others it is an error", () => {
  const dataset = read([[1, "a.png"], [1, "b.png"], [2, "c.png"]], []);
  assert.deepEqual([dataset.state(1), dataset.state(2)], ["unusable", "unannotated"]);
  assert.throws(() => dataset.state(3), { name: "RangeError", message: /image 3: the dataset has no image/ });
  assert.throws(() => dataset.mask(1), { name: "RangeError", message: /image 1: it is skipped/ });
});

Deno.test("CocoDataset.state: if an annotation may be of any image, none without annotations is taken as empty", () => {
  const images: ImageEntry[] = [[1, "p.png"], [2, "q.png"]];
  const cases: [string, unknown, RegExp][] = [
    ["not listed", 99, /annotation 2: its image 99 is not listed/],
    ["null", null, /annotation 2: its image_id is null; an id must be an integer or a string of digits/],
    ["missing", undefined, /annotation 2: its image_id is missing; an id must be/],
    ["a float", 2.5, /annotation 2: its image_id is 2\.5; an id must be/],
    ["a name", "q.png", /annotation 2: its image_id is "q\.png"; an id must be/],
    ["a list", [2], /annotation 2: its image_id is \[2\]; an id must be/],
  ];
  for (const [name, imageId, message] of cases) {
    const dataset = read(images, [1, imageId]);
    assert.deepEqual(statesOf(dataset), ["p.png annotated", "q.png uncertain"], name);
    assert.match(dataset.problems[0]!.message, message);
    assert.equal(dataset.uncertainty, "the image of 1 annotation is unknown");
  }
  const entry = readCoco(cocoJson(images, [1]).replace('"annotations":[', '"annotations":[null,7,'));
  assert.deepEqual(statesOf(entry), ["p.png annotated", "q.png uncertain"]);
  assert.equal(entry.uncertainty, "the images of 2 annotations are unknown");
  const bare = readCoco('{"images": [{"id": 1, "file_name": "p.png", "width": 8, "height": 8}]}');
  assert.deepEqual([bare.state(1), bare.uncertainty], [
    "uncertain",
    'its annotation file has no "annotations"',
  ]);
  // The image of an annotation of a skipped image is known.
  const skipped = read([["x", "a.png"], [2, "q.png"]], ["x"]);
  assert.deepEqual([statesOf(skipped), skipped.uncertainty], [["q.png unannotated"], null]);
});

Deno.test("readCoco: strings of digits are ids where images and annotations use them; where they differ nothing matches", () => {
  const same = read([["1", "p.png"], ["002", "q.png"], ["3", "r.png"]], ["1", "002"]);
  assert.deepEqual(statesOf(same), ["p.png annotated", "q.png annotated", "r.png unannotated"]);
  assert.deepEqual(same.images.map(({ id }) => id), [1, 2, 3]);
  const mixed = read([[1, "p.png"], ["2", "q.png"], [3, "r.png"]], [1.0, "2"]);
  assert.deepEqual(statesOf(mixed), ["p.png annotated", "q.png annotated", "r.png unannotated"]);
  for (const [images, imageIds] of [[[1, 2, 3], ["1", "2"]], [["1", "2", "3"], [1, 2]]] as const) {
    const dataset = read(images.map((id) => [id, `${id}.png`]), [...imageIds]);
    assert.deepEqual(statesOf(dataset), ["1.png unusable", "2.png unusable", "3.png uncertain"]);
  }
  assert.match(
    read([[1, "p.png"]], ["1"]).problems[0]!.message,
    /^annotation 1: its image_id "1" is a string, the id of that image a number: they do not match$/,
  );
});

Deno.test("readCoco: ids beyond 2^53 are exact, and messages show them as they stand in the file", () => {
  const [one, next] = [9007199254740992n, 9007199254740993n];
  const dataset = read([[one, "p.png"], [next, "q.png"], [12345678901234567891n, "r.png"]], [next]);
  assert.deepEqual(statesOf(dataset), ["p.png unannotated", "q.png annotated", "r.png unannotated"]);
  assert.deepEqual(dataset.images.map(({ id }) => id), [String(one), String(next), "12345678901234567891"]);
  assert.equal(pixelsOf(dataset, String(next)), 16);
  const unknown = read([[one, "p.png"]], [next]);
  assert.deepEqual(statesOf(unknown), ["p.png uncertain"]);
  assert.match(unknown.problems[0]!.message, /its image 9007199254740993 is not listed/);
  const inexact = readCoco(cocoJson([[1, "p.png"]], [1]).replace('"image_id":1', '"image_id":1.5e18'));
  assert.match(inexact.problems[0]!.message, /its image_id is 1\.5e18; an id must be an integer/);
});

Deno.test("CocoDataset.isPartlyAnnotated: an annotation that cannot be drawn next to one that can", () => {
  const cases: [unknown, boolean][] = [
    [[], true],
    [null, true],
    [{}, true],
    [[1, 1, 5, 1, 5, 5], true],
    [[SQUARE[0], [1, 1, 5, 5]], true],
    [OTHER, false],
    [[[1, 1, 5, 1, 5, 5, 1]], false],
  ];
  for (const [segmentation, partly] of cases) {
    const json = cocoJson([[1, "p.png"]], [1, 1]).replace(
      JSON.stringify(OTHER),
      JSON.stringify(segmentation),
    );
    const dataset = readCoco(json);
    assert.deepEqual(
      [dataset.state(1), dataset.isPartlyAnnotated(1)],
      ["annotated", partly],
      JSON.stringify(segmentation),
    );
  }
});

Deno.test("readCoco: an annotation with several invalid polygons is one problem", () => {
  const points = [[38, 24], [37, 28], [33, 32], [28, 33]];
  const cases: [unknown, RegExp][] = [
    [
      points,
      /^annotation 1: its segmentation is a list of points, expected polygons as \[x1, y1, x2, y2, \.\.\.\] \(/,
    ],
    [[points], /^annotation 1: its polygon 1 is a list of points, expected polygons as/],
    [[points.map(([x, y]) => ({ x, y }))], /^annotation 1: its polygon 1 is a list of points/],
    [
      [[1, 1], [2], "x", [1, 2, 3]],
      /polygon 1 of 4 has 2 numbers, .*, and 3 more of its polygons are invalid \(image 1\)$/,
    ],
  ];
  for (const [segmentation, message] of cases) {
    const json = cocoJson([[1, "p.png", 64]], [1]).replace(
      JSON.stringify(SQUARE),
      JSON.stringify(segmentation),
    );
    const { problems } = readCoco(json);
    assert.equal(problems.length, 1, JSON.stringify(segmentation));
    assert.match(problems[0]!.message, message);
  }
});

Deno.test("readCoco: a file of many entries of one image takes time in proportion to them", () => {
  /** The fewest milliseconds for this many entries. */
  const time = (count: number) => {
    const images: ImageEntry[] = Array.from(
      { length: count },
      (_, i) => [i % 2 === 0 ? 1 : i, i % 3 === 0 ? "a" : "b"],
    );
    return Math.min(...[0, 1, 2].map(() => {
      const started = performance.now();
      assert.equal(read(images, []).images.length, 0);
      return performance.now() - started;
    }));
  };
  const [few, many] = [time(2_000), time(32_000)];
  assert.ok(many < 100 * few, `${few} ms for 2,000 entries, ${many} ms for 32,000`);
});
