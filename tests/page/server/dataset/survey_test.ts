import assert from "node:assert/strict";
import { join } from "node:path";
import { inspectDataset } from "../../../../src/dataset/inspect.ts";
import { decodeImage } from "../../../../src/image/decode.ts";
import type { DatasetSummary, SurveyState } from "../../../../src/page/api/dataset.ts";
import { keptFolder } from "../../../../src/page/server/dataset/kept_images.ts";
import { closeSurveys } from "../../../../src/page/server/dataset/survey.ts";
import { startBoard } from "../../../../src/page/server/serve.ts";
import { spots, writeFiles } from "../../../support/coco.ts";
import { inTempFolder } from "../../../support/temp_folder.ts";

const square = [[16, 16, 48, 16, 48, 48, 16, 48]];

/** A dataset with problems of annotations and of files, and images that show the same within and across splits. */
async function writeDataset(folder: string): Promise<void> {
  const images = (...names: string[]) =>
    names.map((file_name, index) => ({ id: index + 1, file_name, width: 64, height: 64 }));
  const categories = [{ id: 1, name: "tumor" }, { id: 2, name: "edema" }];
  await writeFiles(folder, {
    "train/_annotations.coco.json": JSON.stringify({
      images: images("a.png", "twin.png", "broken.png", "lost.png", "wide.png"),
      annotations: [
        { id: 1, image_id: 1, category_id: 2, segmentation: square },
        { id: 2, image_id: 2, category_id: 1, segmentation: [[1, 2, 3, 4]] },
        { id: 3, image_id: 9, category_id: 1, segmentation: square },
      ],
      categories,
    }),
    "train/a.png": spots(1),
    "train/twin.png": spots(1),
    "train/broken.png": "no image",
    "train/wide.png": spots(3, 80),
    "train/other.png": spots(4),
    "test/_annotations.coco.json": JSON.stringify({
      images: images("copy.png"),
      annotations: [],
      categories,
    }),
    "test/copy.png": spots(1),
  });
}

/** Calls `body` with what a board of the dataset answers. */
async function withBoard(
  data: string,
  cache: string,
  body: (get: (path: string, headers?: Record<string, string>) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const notes: string[] = [];
  await using board = await startBoard({ data, cache, port: 0, onNote: (note) => notes.push(note) });
  await body((path, headers = {}) => fetch(`${board.address}api/dataset${path}`, { headers }));
  assert.deepEqual(notes, []);
}

async function surveyed(get: (path: string) => Promise<Response>): Promise<SurveyState> {
  for (;;) {
    const state: SurveyState = await (await get("/survey")).json();
    if (state.duplicates !== null) return state;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("surveyOf: finds the problems and shared images that inspect reports, and keeps what it read", () =>
  inTempFolder(async (folder) => {
    const [data, cache] = [join(folder, "data"), join(folder, "cache")];
    await writeDataset(data);
    const report = await inspectDataset(data);
    let kept: string[] = [];
    await withBoard(data, cache, async (get) => {
      const summary: DatasetSummary = await (await get("")).json();
      const state = await surveyed(get);
      assert.deepEqual([state.done, state.total], [7, 7]);
      const messages = [
        ...summary.splits.flatMap((
          { problems, images },
        ) => [...problems, ...images.flatMap((each) => each.problems)]),
        ...state.problems,
      ].filter(({ kind }) => kind !== "unlisted-file").map(({ kind, message }) => `${kind} ${message}`);
      const expected = report.splits.flatMap(({ problems }) => problems)
        .filter(({ kind }) => kind !== "unlisted-file").map(({ kind, message }) => `${kind} ${message}`);
      assert.deepEqual(messages.sort(), expected.sort());
      const [train] = summary.splits;
      assert.deepEqual(
        train!.images.map(({ fileName, problems, classes }) => [fileName, problems.length, classes]),
        [
          ["a.png", 0, [0]],
          ["twin.png", 1, []],
          ["broken.png", 0, []],
          ["lost.png", 0, []],
          ["wide.png", 0, []],
          ["other.png", 1, []],
        ],
      );
      assert.deepEqual(summary.classes.map(({ name }) => name), ["edema", "ignore"]);
      assert.match(train!.problems[0]!.message, /^annotation 3: its image 9 is not listed$/);

      const { pairs } = state.duplicates!;
      const shared = pairs.filter(({ files: [one, other] }) => one.split !== other.split);
      assert.deepEqual(shared, JSON.parse(JSON.stringify(report.nearDuplicates.pairs)));
      assert.equal(shared.length, 2);
      assert.deepEqual(pairs.slice(2).map(({ files }) => files.map(({ fileName }) => fileName)), [
        ["a.png", "twin.png"],
      ]);
      kept = [...Deno.readDirSync(keptFolder(cache))].map(({ name }) => name).sort();
      assert.equal(kept.length, 6);
    });

    // The next board reads no image whose size and time are the same.
    const path = join(data, "train/a.png");
    const { mtime } = await Deno.stat(path);
    const size = (await Deno.readFile(path)).length;
    await Deno.writeFile(path, new Uint8Array(size));
    await Deno.utime(path, mtime!, mtime!);
    await withBoard(data, cache, async (get) => {
      const again = await surveyed(get);
      assert.equal(again.duplicates!.pairs.length, 3);
      await Deno.writeFile(path, new Uint8Array(size + 1));
      assert.deepEqual([...Deno.readDirSync(keptFolder(cache))].map(({ name }) => name).sort(), kept);
    });
    await closeSurveys();
  }));

Deno.test("api/dataset: thumbnails with outlines, sent once; what is not listed is not there", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeDataset(data);
    await withBoard(data, join(folder, "cache"), async (get) => {
      const response = await get("/thumbnail/train/a.png");
      assert.deepEqual([response.status, response.headers.get("content-type")], [200, "image/jpeg"]);
      const etag = response.headers.get("etag")!;
      const { width, data: pixels } = await decodeImage(new Uint8Array(await response.arrayBuffer()));
      assert.equal(width, 64);
      const at = (x: number, y: number) => [...pixels.subarray(3 * (64 * y + x), 3 * (64 * y + x) + 3)];
      const [red, green, blue] = at(30, 15);
      assert.ok(red! > 180 && green! > 110 && blue! < 90, `the outline is ${at(30, 15)}`);
      const [gray, other] = at(30, 30);
      assert.ok(Math.abs(gray! - other!) < 12, `the inside is ${at(30, 30)}`);
      const same = await get("/thumbnail/train/a.png", { "if-none-match": etag });
      assert.deepEqual([same.status, await same.text()], [304, ""]);

      for (const name of ["broken.png", "lost.png"]) {
        const shown = await get(`/thumbnail/train/${name}`);
        assert.deepEqual([shown.status, shown.headers.get("content-type")], [200, "image/svg+xml"]);
        await shown.body!.cancel();
      }
      for (const path of ["train/none.png", "none/a.png", "train/..%2Ftest%2Fcopy.png"]) {
        const missing = await get(`/thumbnail/${path}`);
        assert.equal(missing.status, 404);
        assert.match((await missing.json()).error, /^Cannot find (image|split) "/);
      }
      const detail = await (await get("/image/train/a.png")).json();
      assert.deepEqual([detail.width, detail.height, detail.doubt], [64, 64, null]);
      assert.deepEqual(detail.regions.map(({ category }: { category: string }) => category), ["edema"]);
    });
    await closeSurveys();
  }));
