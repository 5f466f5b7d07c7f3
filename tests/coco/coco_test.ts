import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { annotationMask, decodeRle, encodeRle, type ProblemKind, readCoco } from "../../mod.ts";
import { cocoText, readCocoFixture } from "../support/coco.ts";

const SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]];

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Kind, id and effect of every problem of a text. */
function problemsOf(json: string): [ProblemKind, number | string | null, string][] {
  return readCoco(json).problems.map(({ kind, id, effect }) => [kind, id, effect]);
}

Deno.test("CocoDataset.mask, annotationMask: equal COCO's own code pixel for pixel", () => {
  const text = readCocoFixture("_annotations.coco.json");
  const expected = JSON.parse(readCocoFixture("expected.json"));
  const raw = new Map(JSON.parse(text).annotations.map((entry: { id: number }) => [entry.id, entry]));
  const dataset = readCoco(text);
  assert.equal(dataset.annotations.length, expected.annotations.length);
  for (const { id, note, area, sha256: hash } of expected.annotations) {
    const annotation = dataset.annotations.find((annotation) => annotation.id === id)!;
    const mask = annotationMask(annotation, dataset.image(annotation.imageId));
    assert.equal(mask.data.reduce((sum, value) => sum + value, 0), area, `area of ${id}, ${note}`);
    assert.equal(sha256(mask.data), hash, `mask of ${id}, ${note}`);
    // A raw entry of the file works too.
    assert.deepEqual(annotationMask(raw.get(id) as { segmentation: unknown }, mask), mask);
    assert.deepEqual(decodeRle(encodeRle(mask)), mask);
  }
  for (const { id, pixels, sha256: hash } of expected.images) {
    const { data } = dataset.mask(id);
    assert.equal(data.reduce((sum, value) => sum + value, 0), pixels, `pixels of image ${id}`);
    assert.equal(sha256(data), hash, `mask of image ${id}`);
  }
  // Outlines outside their images and the like are drawn as COCO's own code draws them, and are listed.
  const entries = dataset.problems.filter(({ kind }) => !/outline/.test(kind));
  assert.deepEqual(entries.map(({ kind, id }) => [kind, id]), [["odd-length", 5770], ["odd-length", 6204]]);
});

Deno.test("readCoco: lists malformed segmentations, and draws what COCO's own code draws of them", () => {
  const kinds: { [note: string]: ProblemKind } = {
    "empty segmentation list": "no-segmentation",
    "null": "no-segmentation",
    "flat list, not nested": "bad-segmentation",
    "RLE of another size than the image": "rle-size",
    "RLE counts too long": "bad-rle",
    "strings for numbers": "bad-coordinate",
  };
  for (const { note, image, segmentation, counts } of JSON.parse(readCocoFixture("odd_inputs.json")).cases) {
    const [height, width] = image;
    const dataset = readCoco(cocoText({ width, height }, [{ segmentation }]));
    const kind = kinds[note] ?? "too-few-points";
    assert.deepEqual(dataset.problems.map((problem) => [problem.kind, problem.id]), [[kind, 1]], note);
    assert.deepEqual([dataset.problems[0]!.effect], ["skipped"], note);
    if (dataset.state(1) === "annotated") {
      const mask = dataset.mask(1);
      if (counts !== undefined) assert.deepEqual(mask, decodeRle({ size: image, counts }), note);
      assert.ok(mask.data.includes(1));
    } else {
      assert.equal(dataset.state(1), "unusable", note);
      assert.throws(() => annotationMask({ segmentation }, { width, height }), RangeError);
    }
  }
});

Deno.test("CocoDataset.mask: is the union of the image's annotations, including crowds", () => {
  const size = { width: 6, height: 4 };
  const rle = (at: number) => ({ size: [4, 6], counts: [at, 2, 22 - at] });
  const dataset = readCoco(
    cocoText({ ...size, images: 2 }, [
      { segmentation: rle(0) },
      { segmentation: rle(1), iscrowd: 1 },
      { segmentation: rle(20) },
    ]),
  );
  assert.deepEqual(dataset.annotations.map(({ crowd }) => crowd), [false, true, false]);
  assert.deepEqual(dataset.mask(1), decodeRle({ size: [4, 6], counts: [0, 3, 17, 2, 2] }));
  assert.deepEqual(dataset.mask(2), { ...size, data: new Uint8Array(24) });
  assert.deepEqual([dataset.state(1), dataset.state(2)], ["annotated", "unannotated"]);
  assert.throws(() => dataset.mask(3), { name: "RangeError", message: /image 3/ });
});

Deno.test("readCoco: accepts ids in any order and reports missing optional lists", () => {
  const dataset = readCoco(JSON.stringify({
    annotations: [
      { id: 9, image_id: 70, category_id: 5, segmentation: SQUARE },
      { id: 2, image_id: -4, category_id: 5, segmentation: SQUARE },
      { id: 5, image_id: 70, category_id: 5, segmentation: SQUARE },
    ],
    categories: [{ id: 5, name: "tumor" }],
    images: [
      { id: 70, file_name: "b/c.png", width: 8, height: 8 },
      { id: -4, file_name: ".\\a.png", width: 9, height: 7 },
    ],
  }));
  assert.deepEqual(dataset.problems, []);
  assert.deepEqual(dataset.images.map(({ id, fileName }) => [id, fileName]), [[70, "b/c.png"], [
    -4,
    "a.png",
  ]]);
  assert.deepEqual(dataset.annotationsOf(70).map(({ id }) => id), [9, 5]);
  assert.deepEqual(dataset.categories, [{ id: 5, name: "tumor" }]);
  const bare = readCoco('{"images": []}');
  assert.deepEqual(bare.problems.map(({ kind, effect }) => [kind, effect]), [["no-list", "kept"], [
    "no-list",
    "kept",
  ]]);
});

Deno.test("readCoco: lists every problem of images by id", () => {
  const image = (entry: Record<string, unknown>) => ({
    file_name: `${entry.id}.png`,
    width: 8,
    height: 8,
    ...entry,
  });
  const json = JSON.stringify({
    categories: [{ id: 1, name: "tumor" }, { id: 1, name: "again" }, { name: "none" }],
    annotations: [{ id: 1, image_id: 3, category_id: 1, segmentation: SQUARE }],
    images: [
      image({ id: 1 }),
      image({ id: 1 }),
      image({ id: "2" }),
      7,
      image({ id: 3, width: 0 }),
      image({ id: 4, width: 1e6, height: 1e6 }),
      image({ id: 5, height: 7.5 }),
      image({ id: 6, width: "8" }),
      image({ id: 7, file_name: undefined }),
      image({ id: 8, file_name: "../../secret.png" }),
      image({ id: 9, file_name: "/secret.png" }),
      image({ id: 10, file_name: "c:\\secret.png" }),
      image({ id: 11, file_name: "a\\..\\..\\secret.png" }),
      image({ id: 12, file_name: "1.png" }),
    ],
  });
  assert.deepEqual(problemsOf(json), [
    ["duplicate-id", 1, "kept"],
    ["bad-entry", null, "skipped"],
    ["bad-size", 3, "skipped"],
    ["bad-size", 4, "skipped"],
    ["bad-size", 5, "skipped"],
    ["bad-size", 6, "skipped"],
    ["bad-file-name", 7, "skipped"],
    ["bad-file-name", 8, "skipped"],
    ["bad-file-name", 9, "skipped"],
    ["bad-file-name", 10, "skipped"],
    ["bad-file-name", 11, "skipped"],
    ["duplicate-file", 12, "kept"],
    ["duplicate-id", 1, "skipped"],
    ["bad-entry", null, "skipped"],
    ["unknown-image", 1, "skipped"],
  ]);
  const dataset = readCoco(json);
  assert.deepEqual(dataset.images.map(({ id }) => id), [1, 2]);
  assert.match(dataset.problems.at(-1)!.message, /annotation 1: its image 3 is skipped/);
});

Deno.test("readCoco: lists every problem of annotations by id", () => {
  const json = cocoText({ width: 8, height: 8 }, [
    { segmentation: SQUARE },
    { segmentation: SQUARE, id: 1 },
    { segmentation: SQUARE, id: undefined },
    { segmentation: SQUARE, image_id: 99 },
    { segmentation: SQUARE, image_id: "1" },
    { segmentation: SQUARE, category_id: 4 },
    { segmentation: undefined },
    { segmentation: "polygon" },
    { segmentation: [SQUARE[0], "x"] },
    { segmentation: [[1, 1, 5, 5]] },
    { segmentation: [[1, 1, 5, 1, 5, 5, 1]] },
    { segmentation: [[1, 1, 5, null, 5, 5]] },
    { segmentation: [[1, 1, 5, 1e12, 5, 5]] },
    { segmentation: { size: [8, 8], counts: [1, 2, 3] } },
    { segmentation: { size: [8, 8], counts: "!" } },
    { segmentation: { size: [8, 8] } },
    { segmentation: { size: [8, 7], counts: [56] } },
    { segmentation: { counts: [64] } },
  ]).replace('"annotations":[', '"annotations":[null,');
  assert.deepEqual(problemsOf(json), [
    ["bad-entry", null, "skipped"],
    ["duplicate-id", 1, "kept"],
    ["bad-entry", null, "kept"],
    ["unknown-image", 4, "skipped"],
    ["unknown-image", 5, "skipped"],
    ["unknown-category", 6, "kept"],
    ["no-segmentation", 7, "skipped"],
    ["bad-segmentation", 8, "skipped"],
    ["bad-segmentation", 9, "skipped"],
    ["too-few-points", 10, "skipped"],
    ["odd-length", 11, "kept"],
    ["bad-coordinate", 12, "skipped"],
    ["bad-coordinate", 13, "skipped"],
    ["bad-rle", 14, "skipped"],
    ["bad-rle", 15, "skipped"],
    ["bad-rle", 16, "skipped"],
    ["rle-size", 17, "skipped"],
    ["rle-size", 18, "skipped"],
  ]);
  const kept = readCoco(json).annotations.map(({ id }) => id);
  assert.deepEqual(kept, [1, 1, null, 6, 9, 11]);
});

Deno.test("readCoco: strict rejects what is skipped otherwise, and names the first problem", () => {
  const json = cocoText({ width: 8, height: 8 }, [{ segmentation: [] }, {
    segmentation: SQUARE,
    image_id: 5,
  }]);
  assert.throws(() => readCoco(json, { strict: true }), /2 problems \(strict\): annotation 1: .*\nhint: /);
  assert.equal(readCoco(cocoText({ width: 8, height: 8 }, []), { strict: true }).images.length, 1);
});

Deno.test("readCoco: rejects a text that is not a COCO file, with the reason", () => {
  assert.throws(() => readCoco('{"images": [}'), { name: "SyntaxError", message: /line 1, column 13/ });
  assert.throws(() => readCoco("[]"), { name: "TypeError", message: /expected an object, got \[\]/ });
  assert.throws(() => readCoco("{}"), {
    name: "TypeError",
    message: /expected a list "images", got missing/,
  });
  assert.throws(() => readCoco('{"images": [], "annotations": 3}'), {
    name: "TypeError",
    message: /expected a list "annotations", got 3/,
  });
});

Deno.test("readCoco: a bare NaN invalidates its annotation, not the file", () => {
  const json = cocoText({ width: 8, height: 8 }, [{ segmentation: [[0, 0, 4, 0, 777, 4]] }, {
    segmentation: SQUARE,
  }]);
  const dataset = readCoco(json.replace("777", "NaN"));
  assert.deepEqual(dataset.annotations.map(({ id }) => id), [2]);
  assert.match(dataset.problems[0]!.message, /annotation 1: .*number 5 is null or NaN/);
});

Deno.test("readCoco: reads 80,000 annotations of 20,000 images", () => {
  const polygon = JSON.stringify([10.5, 10, 60, 12, 50, 70, 12, 60]);
  const annotations = Array.from(
    { length: 80_000 },
    (_, i) => `{"id":${i},"image_id":${i % 20_000},"category_id":1,"segmentation":[${polygon}]}`,
  );
  const images = Array.from(
    { length: 20_000 },
    (_, i) => `{"id":${i},"file_name":"${i}.jpg","width":640,"height":640}`,
  );
  const json = `{"images":[${images}],"annotations":[${annotations}],"categories":[{"id":1,"name":"tumor"}]}`;
  const dataset = readCoco(json);
  assert.deepEqual([dataset.images.length, dataset.annotations.length], [20_000, 80_000]);
  assert.deepEqual([dataset.problems.length, dataset.annotationsOf(19_999).length], [0, 4]);
});
