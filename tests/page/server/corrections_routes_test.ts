/** Routes of corrected masks: what an image is opened with, what is saved, and what is refused. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCoco } from "../../../src/coco/coco.ts";
import { encodeRle } from "../../../src/coco/rle.ts";
import { readCorrections } from "../../../src/dataset/corrections.ts";
import { encodeGray16Png } from "../../../src/image/encode.ts";
import { inspectFile } from "../../../src/image/header.ts";
import { createMask } from "../../../src/image/mask.ts";
import type {
  CorrectionSplits,
  ImageToCorrect,
  MasksToSave,
  VersionMasks,
} from "../../../src/page/api/corrections.ts";
import { startBoard } from "../../../src/page/server/serve.ts";
import { writeClassDataset } from "../../support/class_dataset.ts";
import { cocoText, spots, writeFiles } from "../../support/coco.ts";
import { filesUnder, inTempFolder } from "../../support/temp_folder.ts";

/** A board on a dataset, and how to ask it. */
interface Asked {
  readonly folder: string;
  get<T>(path: string): Promise<T>;
  post(
    body: unknown,
  ): Promise<{ status: number; body: { error?: string; hint?: string; revision?: number } }>;
  fetchBytes(path: string): Promise<[type: string | null, bytes: Uint8Array]>;
  refused(path: string): Promise<[status: number, error: string]>;
}

function withBoard(
  write: (folder: string) => Promise<unknown>,
  body: (asked: Asked) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    await write(folder);
    await using board = await startBoard({
      runs: join(folder, "runs"),
      data: folder,
      cache: join(folder, "cache"),
      port: 0,
    });
    const at = (path: string) => `${board.address}api/corrections${path}`;
    await body({
      folder,
      async get(path) {
        const response = await fetch(at(path));
        assert.equal(response.status, 200, path);
        return await response.json();
      },
      async post(body) {
        const headers = { "content-type": "application/json" };
        const text = typeof body === "string" ? body : JSON.stringify(body);
        const response = await fetch(at(""), { method: "POST", headers, body: text });
        return { status: response.status, body: await response.json() };
      },
      async fetchBytes(path) {
        const response = await fetch(at(path));
        return [response.headers.get("content-type"), await response.bytes()];
      },
      async refused(path) {
        const response = await fetch(at(path));
        return [response.status, (await response.json()).error];
      },
    });
  });
}

/** A tumor in the first of three images; the third has an annotation that cannot be drawn, `4.png` is not listed. */
async function writeTumors(folder: string): Promise<void> {
  const outline = [[8, 8, 24, 8, 24, 24, 8, 24]];
  await writeFiles(folder, {
    "train/_annotations.coco.json": cocoText({ width: 64, height: 48, images: 3 }, [
      { segmentation: outline },
      { segmentation: outline, image_id: 3 },
      { segmentation: { size: [1, 1], counts: "1" }, image_id: 3 },
    ]),
    "new/9.png": cropped(9),
    ...Object.fromEntries([1, 2, 3, 4].map((seed) => [`train/${seed}.png`, cropped(seed)])),
  });
}

function cropped(seed: number) {
  const { data } = spots(seed);
  return { width: 64, height: 48, data: data.subarray(0, 3 * 64 * 48) };
}

function squareRle(left: number, width = 64, height = 48) {
  const mask = createMask({ width, height });
  for (let y = 4; y < 12; y++) mask.data.fill(1, y * width + left, y * width + left + 8);
  return encodeRle(mask);
}

function masksFor(image: ImageToCorrect, changes: Partial<MasksToSave> = {}): MasksToSave {
  return {
    split: image.split,
    fileName: image.fileName,
    sha256: image.sha256,
    annotator: "Dr. <script>alert(1)</script> Ørsted",
    source: "annotation",
    model: null,
    base: image.newest?.revision ?? null,
    before: null,
    classes: [{ category: "tumor", rle: squareRle(20) }],
    ...changes,
  };
}

Deno.test("GET api/corrections/image: annotations as masks, classes, and what is in doubt", () =>
  withBoard(writeTumors, async ({ get, refused }) => {
    const first = await get<ImageToCorrect>("/image/train/1.png");
    assert.deepEqual([first.width, first.height, first.doubt, first.newest], [64, 48, null, null]);
    assert.deepEqual(first.classes.map(({ name, kind }) => [name, kind]), [["tumor", "class"], [
      "ignore",
      "ignore",
    ]]);
    const mask = createMask({ width: 64, height: 48 });
    for (let y = 8; y < 24; y++) mask.data.fill(1, y * 64 + 8, y * 64 + 24);
    assert.deepEqual(first.annotation, [{ category: "tumor", rle: encodeRle(mask) }]);
    assert.match(first.sha256, /^[0-9a-f]{64}$/);

    const doubts = await Promise.all(
      ["train/2.png", "train/3.png", "train/4.png", "new/9.png"]
        .map(async (path) => (await get<ImageToCorrect>(`/image/${path}`)).doubt),
    );
    assert.deepEqual(doubts, [
      null,
      "Some annotations of this image cannot be drawn: what they show is missing.",
      "The annotation file does not list this image: nobody annotated it.",
      "Nobody annotated the images of this split.",
    ]);
    const splits = await get<CorrectionSplits>("/splits");
    assert.deepEqual(splits.splits.map(({ name, images }) => [name, images.map(({ state }) => state)]), [
      ["train", ["annotated", "unannotated", "partly", "unlisted"]],
      ["new", ["unlisted"]],
    ]);
    assert.deepEqual(await refused("/image/train/5.png"), [
      404,
      'Cannot find image "5.png": split "train" has no image of this name',
    ]);
    assert.deepEqual(await refused("/image/valid/1.png"), [
      404,
      'Cannot find split "valid": the dataset has "train", "new"',
    ]);
    for (const path of ["/image/train/..%2Fnew%2F9.png", "/pixels/..%2F..%2Fetc/passwd", "/pixels/new/_x"]) {
      assert.equal((await refused(path))[0], 404, path);
    }
  }));

Deno.test("POST api/corrections: each version is kept, with who made it and what it was before", () =>
  withBoard(writeTumors, async ({ folder, get, post }) => {
    const image = await get<ImageToCorrect>("/image/train/1.png");
    const before = Date.now();
    assert.deepEqual((await post(masksFor(image))).body, { revision: 1 });
    const second = await get<ImageToCorrect>("/image/train/1.png");
    assert.equal(second.newest!.revision, 1);
    assert.deepEqual(second.newest!.regions, [{ category: "tumor", rle: squareRle(20) }]);
    assert.deepEqual((await post(masksFor(second, { annotator: "B", classes: [] }))).body, { revision: 2 });

    const path = join(folder, "corrections", "corrections.coco.json");
    const { images: [saved] } = await readCorrections(path);
    assert.deepEqual(saved!.corrections.map(({ annotator, source }) => [annotator, source]), [
      [null, "annotation"],
      ["Dr. <script>alert(1)</script> Ørsted", "annotation"],
      ["B", "annotation"],
    ]);
    assert.deepEqual(saved!.corrections[0]!.regions, image.annotation);
    assert.ok(Math.abs(Date.parse(saved!.corrections[1]!.time) - before) < 60_000);
    // Any reader of COCO sees the newest: nothing.
    const coco = readCoco(await Deno.readTextFile(path), { strict: true });
    assert.deepEqual(coco.mask(1), createMask({ width: 64, height: 48 }));

    const third = await get<ImageToCorrect>("/image/train/1.png");
    assert.deepEqual(third.versions.map(({ revision, annotator }) => [revision, annotator?.slice(0, 3)]), [
      [0, undefined],
      [1, "Dr."],
      [2, "B"],
    ]);
    assert.equal(third.doubt, null);
    const old = await get<VersionMasks>("/version/train/1.png/0");
    assert.deepEqual(old.regions, image.annotation);
    const { splits } = await get<CorrectionSplits>("/splits");
    assert.deepEqual(splits[0]!.images.map(({ revision, annotator }) => [revision, annotator]), [
      [2, "B"],
      [null, null],
      [null, null],
      [null, null],
    ]);
  }));

Deno.test("POST api/corrections: from a prediction the version before is that; unlisted images work, too", () =>
  withBoard(writeTumors, async ({ folder, get, post }) => {
    const image = await get<ImageToCorrect>("/image/new/9.png");
    const before = [{ category: "tumor", rle: squareRle(2) }];
    const model = "0".repeat(64);
    const name = "Lese 2.b";
    const sent = masksFor(image, { source: "prediction", model, before, name });
    assert.deepEqual((await post(sent)).body, { revision: 1 });
    const { images: [saved] } = await readCorrections(join(folder, "corrections", "Lese 2.b.coco.json"));
    assert.deepEqual(saved!.corrections.map((each) => [each.source, each.model, each.regions]), [
      ["prediction", model, before],
      ["prediction", model, sent.classes],
    ]);
    assert.equal((await get<ImageToCorrect>("/image/new/9.png")).newest, null);
    assert.equal(
      (await get<ImageToCorrect>(`/image/new/9.png?name=${encodeURIComponent(name)}`)).newest!.revision,
      1,
    );
  }));

Deno.test("POST api/corrections: of two that save at once one wins, and the other is told", () =>
  withBoard(writeTumors, async ({ folder, get, post }) => {
    const image = await get<ImageToCorrect>("/image/train/2.png");
    const answers = await Promise.all(
      ["A", "B"].map((annotator) => post(masksFor(image, { annotator }))),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    const { body } = answers.find(({ status }) => status === 409)!;
    assert.match(
      body.error!,
      /^Cannot save a correction of "train\/2.png": it was made from revision none, the newest is 1$/,
    );
    assert.match(body.hint!, /newest/);
    const others = await get<ImageToCorrect>("/image/train/3.png");
    const same = await Promise.all(
      [image, others].map((each, i) => post(masksFor(each, { base: i === 0 ? 1 : null }))),
    );
    assert.deepEqual(same.map(({ status }) => status), [200, 200]);
    const { images } = await readCorrections(join(folder, "corrections", "corrections.coco.json"));
    assert.deepEqual(images.map(({ corrections }) => corrections.length), [3, 2]);
  }));

Deno.test("POST api/corrections: refuses what is no correction, and writes nothing", () =>
  withBoard(writeTumors, async ({ folder, get, post }) => {
    const image = await get<ImageToCorrect>("/image/train/1.png");
    const good = masksFor(image);
    const region = (rle: unknown) => ({ ...good, classes: [{ category: "tumor", rle }] });
    const bomb = { size: [48, 64], counts: "o".repeat(200_000) };
    const cases: [body: unknown, status: number, error: RegExp][] = [
      ["{", 400, /not JSON/],
      ["[]", 400, /the body is not an object/],
      [{ ...good, annotator: 7 }, 400, /the body.annotator is not a text/],
      [{ ...good, annotator: " " }, 400, /annotator/],
      [{ ...good, source: "guess" }, 400, /the body.source is not one of/],
      [{ ...good, base: "1" }, 400, /the body.base is not an integer/],
      [{ ...good, classes: {} }, 400, /the body.classes is not a list/],
      [{ ...good, model: "x" }, 400, /model/],
      [{ ...good, fileName: "5.png" }, 404, /no image of this name/],
      [{ ...good, fileName: "../../etc/passwd" }, 404, /no image of this name/],
      [{ ...good, split: ".." }, 404, /Cannot find split/],
      [{ ...good, sha256: "0".repeat(64) }, 412, /has changed since it was opened/],
      [{ ...good, base: 4 }, 409, /made from revision 4, the newest is none/],
      [{ ...good, name: "../x" }, 400, /corrections file named/],
      [{ ...good, name: ".hidden" }, 400, /corrections file named/],
      [region({ size: [64, 48], counts: squareRle(20).counts }), 400, /its size is/],
      [region({ size: [48, 64], counts: "~" }), 400, /outside its alphabet/],
      [region({ size: [48, 64], counts: "0P" }), 400, /ends within a number/],
      [region({ size: [48, 64], counts: "o" }), 400, /ends within a number/],
      [region({ size: [1e9, 1e9], counts: "0" }), 400, /its size is/],
      [region(bomb), 400, /more runs than the image has pixels/],
      [region({ size: [48, 64], counts: [3072] }), 400, /counts is not a text/],
    ];
    for (const [body, status, error] of cases) {
      const answer = await post(body);
      assert.match(answer.body.error!, error);
      assert.equal(answer.status, status, answer.body.error);
    }
    const large = await post({ ...good, annotator: "x".repeat(2 ** 25) });
    assert.equal(large.status, 413);
    assert.deepEqual((await filesUnder(folder)).filter((path) => path.startsWith("corrections/")), []);
    assert.equal((await post(good)).status, 200);
  }));

Deno.test("GET api/corrections/pixels: the file as it is, and 8 bits of what has more", () =>
  withBoard(async (folder) => {
    await writeTumors(folder);
    const data = Uint16Array.from({ length: 64 * 48 }, (_, at) => 20 * at);
    await writeFiles(folder, { "new/deep.png": await encodeGray16Png({ width: 64, height: 48, data }) });
  }, async ({ folder, fetchBytes }) => {
    const file = await Deno.readFile(join(folder, "train/1.png"));
    assert.deepEqual(await fetchBytes("/pixels/train/1.png"), ["image/png", file]);
    const [type, bytes] = await fetchBytes("/pixels/new/deep.png");
    const header = inspectFile(bytes);
    assert.deepEqual([type, header.width, header.height, header.bits], ["image/png", 64, 48, 8]);
  }));

Deno.test("GET api/corrections/image: several classes, each whole where they overlap, and what is ignored", () =>
  withBoard((folder) => writeClassDataset(folder, { overlap: true, ignored: true }), async ({ get }) => {
    const image = await get<ImageToCorrect>("/image/train/1.png");
    assert.deepEqual(image.classes.map(({ name, kind }) => `${name}:${kind}`), [
      "disc:class",
      "cup:class",
      "vessel:class",
      "ignore:ignore",
    ]);
    assert.deepEqual(image.otherCategories, ["scan"]);
    assert.deepEqual(image.annotation!.map(({ category }) => category), ["disc", "cup", "vessel", "ignore"]);
    const pixels = image.annotation!.map(({ rle }) => readPixels(rle));
    // Each box has 24 x 24 pixels, though they overlap.
    assert.deepEqual(pixels.slice(0, 2), [576, 576]);
  }));

function readPixels(rle: { size: readonly [number, number]; counts: string }): number {
  const coco = readCoco(JSON.stringify({
    images: [{ id: 1, file_name: "a.png", width: rle.size[1], height: rle.size[0] }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: rle }],
    categories: [{ id: 1, name: "a" }],
  }));
  return coco.mask(1).data.reduce((sum, value) => sum + value, 0);
}
