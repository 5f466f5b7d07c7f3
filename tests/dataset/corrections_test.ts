/** Corrections files: what is read, what saving adds, and that nothing is lost to another process or a kill. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCoco } from "../../src/coco/coco.ts";
import { decodeRle, encodeRle } from "../../src/coco/rle.ts";
import {
  appendCorrection,
  CorrectionConflict,
  newestOf,
  readCorrections,
} from "../../src/dataset/corrections.ts";
import { parseCorrections } from "../../src/dataset/corrections_format.ts";
import { correctionOf, squareMask } from "../support/corrections.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("appendCorrection: keeps every version, and the newest masks as COCO's annotations", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "corrections", "mine.coco.json");
    assert.deepEqual(await appendCorrection(path, correctionOf("a.png")), { revision: 1 });
    const edge = encodeRle(squareMask(12, 0, 8, 8));
    const second = correctionOf("a.png", {
      annotator: "B",
      base: 1,
      source: "prediction",
      model: "f".repeat(64),
      regions: [{ category: "edema", rle: edge }, { category: "tumor", rle: edge }],
    });
    assert.deepEqual(await appendCorrection(path, second), { revision: 2 });
    assert.deepEqual(await filesUnder(folder), ["corrections/mine.coco.json"]);

    const { images: [image], categories } = await readCorrections(path);
    assert.deepEqual(categories.map(({ name }) => name), ["tumor", "edema"]);
    assert.deepEqual(
      image!.corrections.map(({ revision, previous, annotator, source, model }) => {
        return [revision, previous, annotator, source, model?.[0]];
      }),
      [
        [0, null, null, "annotation", undefined],
        [1, 0, "A. Reader", "annotation", undefined],
        [2, 1, "B", "prediction", "f"],
      ],
    );
    assert.deepEqual(newestOf(image!).regions, second.regions);
    assert.deepEqual(image!.corrections[0]!.regions, correctionOf("a.png").before!.regions);

    const text = await Deno.readTextFile(path);
    const coco = readCoco(text, { strict: true });
    assert.deepEqual(coco.mask(1), decodeRle(edge));
    const { annotations } = JSON.parse(text) as { annotations: Record<string, unknown>[] };
    assert.deepEqual(
      annotations.map(({ segmentation, area, bbox, iscrowd, revision }) => {
        return { segmentation, area, bbox, iscrowd, revision };
      }),
      Array.from({ length: 2 }, () => ({
        segmentation: edge,
        area: 64,
        bbox: [0, 0, 8, 8],
        iscrowd: 0,
        revision: 2,
      })),
    );
  }));

Deno.test("appendCorrection: an image corrected to nothing has a version without masks", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "mine.coco.json");
    await appendCorrection(path, correctionOf("a.png", { regions: [] }));
    await appendCorrection(
      path,
      correctionOf("b.png", {
        regions: [{ category: "tumor", rle: encodeRle(squareMask(12, 0, 0, 8)) }],
      }),
    );
    const { images } = await readCorrections(path);
    assert.deepEqual(images.map((image) => newestOf(image).regions), [[], []]);
    assert.deepEqual(readCoco(await Deno.readTextFile(path)).annotations, []);
  }));

Deno.test("appendCorrection: RLE are stored as COCO's code writes them", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "mine.coco.json");
    // Runs of nothing within, and as numbers.
    const rle = { size: [8, 12] as const, counts: [0, 0, 5, 2, 0, 3, 86] };
    await appendCorrection(path, correctionOf("a.png", { regions: [{ category: "tumor", rle }] }));
    const [image] = (await readCorrections(path)).images;
    assert.deepEqual(newestOf(image!).regions[0]!.rle, encodeRle(decodeRle(rle)));
  }));

Deno.test("appendCorrection: refuses a stale base, another image, and what is no correction; the file stays", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "mine.coco.json");
    await appendCorrection(path, correctionOf("a.png"));
    const before = await Deno.readFile(path);
    const refused = (
      more: Parameters<typeof correctionOf>[1],
      error: RegExp | ((error: Error) => boolean) | (new (...args: never[]) => Error),
    ) => assert.rejects(appendCorrection(path, correctionOf("a.png", more)), error);
    const { image } = correctionOf("a.png");
    const rle = encodeRle(squareMask(12, 1, 3, 12));
    await refused({}, (error: Error) => error instanceof CorrectionConflict && error.revision === 1);
    await refused({ base: 2 }, CorrectionConflict);
    await refused({ image: { ...image, fileName: "b.png" }, base: 1 }, CorrectionConflict);
    await refused({ base: 1, image: { ...image, sha256: "1".repeat(64) } }, /not the one.*\nhint: /);
    await refused({ base: 1, image: { ...image, fileName: "../a.png" } }, /file name "..\/a.png"/);
    await refused({ base: 1, image: { ...image, split: ".." } }, /split ".."/);
    await refused({ base: 1, image: { ...image, sha256: "0" } }, /sha256/);
    await refused({ base: 1, image: { ...image, width: 1e9 } }, RangeError);
    await refused({ base: 1, annotator: " " }, /annotator/);
    await refused({ base: 1, time: "yesterday" }, /time/);
    await refused({ base: 1, source: "guess" as "empty" }, /source/);
    await refused({ base: 1, model: "best" }, /model/);
    await refused({ base: 1, regions: [{ category: "", rle }] }, /category/);
    await refused({ base: 1, regions: [{ category: "tumor", rle }] }, /region 1: its size/);
    const many = { size: [8, 12] as const, counts: "0".repeat(1e6) };
    await refused({ base: 1, regions: [{ category: "tumor", rle: many }] }, /more runs/);
    const { before: _, ...without } = correctionOf("b.png");
    await assert.rejects(appendCorrection(path, without), /masks before it missing/);
    assert.deepEqual(await Deno.readFile(path), before);
    assert.deepEqual(await filesUnder(folder), ["mine.coco.json"]);
  }));

Deno.test("readCorrections: names the entry of a damaged file, with a hint", async (t) => {
  const text = await documentText();
  const read = (change: (document: Parsed) => void) => {
    const document = JSON.parse(text) as Parsed;
    change(document);
    return () => parseCorrections(JSON.stringify(document), '"mine"');
  };
  const cases: [string, (document: Parsed) => void, RegExp][] = [
    ["no list", (d) => delete d.corrections, /corrections is not a list/],
    ["a number as list", (d) => d.images = 3, /images is not a list/],
    ["a file name that leaves", (d) => d.images[0]!.file_name = "../x", /images\[0\]\.file_name/],
    ["a split that leaves", (d) => d.images[0]!.split = "a/b", /images\[0\]\.split/],
    ["a huge image", (d) => Object.assign(d.images[0]!, { width: 8192, height: 8192 }), /pixels/],
    ["an image twice", (d) => d.images!.push({ ...d.images[0]!, id: 9 }), /images\[1\] is "train\/a.png"/],
    ["an id twice", (d) => d.images!.push({ ...d.images[0]! }), /images\[1\]: id 1 occurs twice/],
    ["no correction", (d) => d.images!.push({ ...d.images[0]!, id: 9, file_name: "b" }), /no correction/],
    ["a name twice", (d) => d.categories!.push({ id: 9, name: "tumor" }), /"tumor" occurs twice/],
    ["an unknown category", (d) => d.annotations[0]!.category_id = 9, /category 9, which is not listed/],
    ["an unknown image", (d) => d.corrections[0]!.image_id = 9, /image 9, which is not listed/],
    ["another size", (d) => d.annotations[0]!.segmentation.size = [12, 8], /its size is \[12, 8\]/],
    ["damaged runs", (d) => d.annotations[0]!.segmentation.counts = "oops!", /annotations\[0\]\.seg/],
    ["no runs", (d) => d.annotations[0]!.segmentation.counts = null, /counts is not a text/],
    ["a revision twice", (d) => d.corrections!.push(d.corrections[1]!), /revision 1 of image 1 occurs twice/],
    ["a gap", (d) => d.corrections[1]!.revision = 2, /revision 2 of image 1 follows 0, expected 1/],
    ["a wrong chain", (d) => d.corrections[1]!.previous = null, /the revision before 1 cannot be null/],
    ["nobody", (d) => d.corrections[1]!.annotator = null, /revision 1 has no annotator/],
    ["a time", (d) => d.corrections[1]!.time = "2026-99-02T03:04:05Z", /corrections\[1\]\.time/],
    ["a source", (d) => d.corrections[1]!.source = "x", /corrections\[1\]\.source/],
    [
      "an old annotation",
      (d) => d.annotations[0]!.revision = 2,
      /of revision 2, the newest of its image is 1/,
    ],
    ["lost masks", (d) => d.annotations = [], /annotations of images\[0\] are not those/],
  ];
  for (const [name, change, fault] of cases) {
    await t.step(name, () => {
      assert.throws(read(change), (error) => {
        assert.ok(error instanceof SyntaxError);
        assert.match(error.message, /^Cannot read corrections from "mine": [^\n]*\nhint: /);
        assert.match(error.message, fault);
        return true;
      });
    });
  }
  assert.doesNotThrow(read(() => {}));
  // A cut at any byte is seen.
  for (let length = 0; length < text.trimEnd().length; length += 7) {
    assert.throws(() => parseCorrections(text.slice(0, length), "mine"), SyntaxError);
  }
});

Deno.test("readCorrections: names what is no corrections file, and what is missing", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "mine.coco.json");
    await assert.rejects(readCorrections(path), Deno.errors.NotFound);
    await Deno.writeTextFile(path, '{"images":[],"annotations":[],"categories":[]}');
    await assert.rejects(readCorrections(path), /corrections is not a list/);
    await Deno.truncate(path, 2 ** 26 + 1);
    await assert.rejects(readCorrections(path), RangeError);
  }));

Deno.test("appendCorrection: two processes at once lose nothing, and a kill leaves a whole file", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "mine.coco.json");
    const script = new URL("../support/corrections.ts", import.meta.url).pathname;
    const child = new Deno.Command("deno", {
      args: ["run", "-q", "-P=test", script, path, "theirs"],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const theirs = child.stdout.getReader();
    let saved = (await theirs.read()).value!.length;
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => appendCorrection(path, correctionOf(`ours-${i}.png`))),
    );
    child.kill("SIGKILL");
    for (let next = await theirs.read(); !next.done; next = await theirs.read()) saved += next.value.length;
    await child.status;
    const names = (await readCorrections(path)).images.map(({ fileName }) => fileName);
    assert.equal(names.filter((name) => name.startsWith("ours")).length, 12);
    const kept = names.filter((name) => name.startsWith("theirs"));
    assert.deepEqual(kept, kept.map((_, i) => `theirs-${i}.png`));
    // Killed after it wrote and before it said so, at most.
    assert.ok(kept.length === saved || kept.length === saved + 1, `${kept.length} of ${saved}`);
  }));

// deno-lint-ignore no-explicit-any
type Parsed = Record<string, any>;

async function documentText(): Promise<string> {
  let text = "";
  await inTempFolder(async (folder) => {
    const path = join(folder, "mine.coco.json");
    await appendCorrection(path, correctionOf("a.png"));
    text = await Deno.readTextFile(path);
  });
  return text;
}
