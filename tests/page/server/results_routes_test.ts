/** Routes of evaluations: what they tell is what is in the files, and nothing else can be asked for. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeRle } from "../../../src/coco/rle.ts";
import { RUN_FILES } from "../../../src/fs/layout.ts";
import { hashBytes } from "../../../src/fs/hash_bytes.ts";
import { encodeJpeg } from "../../../src/image/encode.ts";
import { inspectFile } from "../../../src/image/header.ts";
import { maskOf } from "../../../src/image/label_map.ts";
import type {
  EvaluationEntry,
  EvaluationResults,
  EvaluationState,
  ImageTruth,
} from "../../../src/page/api/results.ts";
import { startBoard } from "../../../src/page/server/serve.ts";
import { MeasuredImage, sameScores } from "../../../src/page/app/results/measured_image.ts";
import { writeClassDataset } from "../../support/class_dataset.ts";
import { cocoText, paint, writeFiles } from "../../support/coco.ts";
import { deepPng } from "../../support/deep_images.ts";
import { grayPredictor } from "../../support/gray_predictor.ts";
import { storeEvaluation } from "../../support/stored_evaluation.ts";
import { inTempFolder } from "../../support/temp_folder.ts";

/** A board on `runs` and `data` of a folder, and how to ask it. */
function withBoard(
  write: (folder: string) => Promise<unknown>,
  body: (
    ask: {
      get<T>(path: string): Promise<T>;
      fetch(path: string, headers?: HeadersInit): Promise<Response>;
      refused(path: string): Promise<[status: number, error: string]>;
    },
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    await write(folder);
    const [runs, data, cache] = ["runs", "data", "cache"].map((name) => join(folder, name));
    await using board = await startBoard({ runs, data, cache, port: 0 });
    const at = (path: string) => `${board.address}api/results${path}`;
    await body({
      async get(path) {
        const response = await fetch(at(path));
        const result = await response.json();
        assert.equal(response.status, 200, `${path}: ${JSON.stringify(result)}`);
        return result;
      },
      fetch: (path, headers = {}) => fetch(at(path), { headers }),
      async refused(path) {
        const response = await fetch(at(path));
        const text = await response.text();
        return [response.status, text === "" ? "" : JSON.parse(text).error];
      },
    }, folder);
  });
}

Deno.test("results routes: numbers, maps, annotations and state are those of the files", () => {
  let document: Record<string, unknown>;
  let labels: Awaited<ReturnType<typeof writeClassDataset>>;
  return withBoard(async (folder) => {
    const data = join(folder, "data");
    labels = await writeClassDataset(data, { splits: { test: 2 }, side: 48, ignored: true });
    const run = join(folder, "runs/a");
    await Deno.mkdir(run, { recursive: true });
    const best = new TextEncoder().encode("a model");
    await Deno.writeFile(join(run, RUN_FILES.best), best);
    const options = { audit: true, spacing: [0.5, 0.25], model: hashBytes(best) } as const;
    document = await storeEvaluation(grayPredictor({ blind: 1 }), data, run, options);
    await Deno.mkdir(join(folder, "runs/empty"));
    await Deno.writeTextFile(join(run, "config.json"), "{}");
  }, async ({ get, fetch, refused }, folder) => {
    const [entry, ...others] = await get<EvaluationEntry[]>("");
    assert.deepEqual(others, []);
    const { summary } = document as {
      summary: { pooled: { dice: number }; tumor: { metrics: { dice: { mean: number } } } };
    };
    const { time, ...rest } = entry!;
    assert.deepEqual(rest, {
      run: "a",
      split: "test",
      images: 2,
      annotated: true,
      dice: summary.pooled.dice,
      meanDice: summary.tumor.metrics.dice.mean,
      findings: (document.audit as unknown[]).length,
      hasMaps: true,
    });
    const results = await get<EvaluationResults>("/a/test");
    assert.equal(results.time, time);
    assert.deepEqual(results.scores, document.scores);
    assert.deepEqual(results.findings, document.audit);
    assert.deepEqual(results.settings, document.settings);
    assert.deepEqual([results.pooled, results.pooledByClass!.cup!.dice], [summary.pooled, 0]);
    for (const result of results.scores) {
      const response = await fetch(`/a/test/map/${encodeURIComponent(result.name)}`);
      const entry = results.maps!.images.find(({ name }) => name === result.name)!;
      const measured = new MeasuredImage(await response.bytes(), entry, results.maps!);
      assert.ok(sameScores(measured.score(null, [0.5, 0.25]), result), "the page computes the same");
      assert.ok(!sameScores(measured.score(0.999, [0.5, 0.25]), result));
      assert.ok(!sameScores(measured.score(null, null), result), "distances are in millimeters");
    }
    const truth = await get<ImageTruth>("/a/test/truth/2.png");
    assert.deepEqual([truth.width, truth.height], [48, 48]);
    const map = labels.get("test/2.png")!;
    truth.regions.forEach(({ category, rle }, index) => {
      assert.equal(category, ["disc", "cup", "vessel"][index]);
      assert.deepEqual(decodeRle({ size: [...rle.size], counts: rle.counts }), maskOf(map, index + 1));
    });
    const { size, counts } = truth.ignored!;
    assert.deepEqual(decodeRle({ size: [...size], counts }), maskOf(map, 255));

    const state = () => get<EvaluationState>("/a/test/state");
    assert.deepEqual(await state(), {
      model: "same",
      dataset: join(folder, "data"),
      datasetSplit: "test",
      canCorrect: true,
      annotationsNewer: false,
      missingImages: 0,
    });
    await Deno.writeTextFile(join(folder, "runs/a", RUN_FILES.best), "another model");
    const annotations = join(folder, "data/test/_annotations.coco.json");
    await Deno.utime(annotations, new Date(), new Date(Date.now() + 60_000));
    const { model, annotationsNewer } = await state();
    assert.deepEqual([model, annotationsNewer], ["changed", true]);
    await Deno.remove(join(folder, "runs/a", RUN_FILES.best));
    await Deno.remove(join(folder, "data"), { recursive: true });
    const gone = await state();
    assert.deepEqual([gone.model, gone.datasetSplit, gone.missingImages], ["missing", null, 2]);
    assert.match((await refused("/a/test/image/1.png"))[1], /does not have it/);
    assert.deepEqual((await get<EvaluationResults>("/a/test")).scores, document.scores);
  });
});

Deno.test("results routes: what browsers cannot decode is sent as a PNG, made once; the same image is not sent twice", () =>
  withBoard(async (folder) => {
    const image = { width: 32, height: 32 };
    await writeFiles(join(folder, "data"), {
      "test/_annotations.coco.json": cocoText({ ...image, images: 2 }, [
        { image_id: 1, segmentation: [[4, 4, 20, 4, 20, 20, 4, 20]] },
      ]),
      "test/2.png": await encodeJpeg(paint(32, 32, (x) => 3 * x), 90),
      "test/1.png": deepPng(32, 32, (x, y) => 3000 + 40 * x + y),
    });
    await Deno.mkdir(join(folder, "runs/a"), { recursive: true });
    const predictor = grayPredictor({ names: ["tumor"], head: "sigmoid" });
    await storeEvaluation(predictor, join(folder, "data"), join(folder, "runs/a"));
  }, async ({ fetch }, folder) => {
    const response = await fetch("/a/test/image/1.png");
    assert.equal(response.headers.get("content-type"), "image/png");
    const bytes = await response.bytes();
    const { width, bits } = inspectFile(bytes);
    assert.deepEqual([width, bits], [32, 8]);
    const cached = [...Deno.readDirSync(join(folder, "cache/shown"))].map(({ name }) => name);
    assert.equal(cached.length, 1);
    await Deno.writeFile(join(folder, "cache/shown", cached[0]!), bytes.slice(0, 9));
    assert.equal((await (await fetch("/a/test/image/1.png")).bytes()).length, 9, "taken from the cache");
    const again = await fetch("/a/test/image/1.png", { "if-none-match": response.headers.get("etag")! });
    assert.equal(again.status, 304);
    await again.body?.cancel();
    for (const [path, type] of [["2.png", "image/jpeg"], ["2.png?convert=true", "image/png"]]) {
      const response = await fetch(`/a/test/image/${path}`);
      assert.equal(response.headers.get("content-type"), type);
      assert.equal(inspectFile(await response.bytes()).width, 32);
    }
  }));

Deno.test("results routes: unknown names, paths and damaged files are refused, with the way out", () =>
  withBoard(async (folder) => {
    const data = join(folder, "data");
    await writeClassDataset(data, { splits: { test: 1 }, side: 32 });
    for (const run of ["a", "b", "c"]) {
      await Deno.mkdir(join(folder, "runs", run), { recursive: true });
      await storeEvaluation(grayPredictor(), data, join(folder, "runs", run));
    }
    await Deno.writeTextFile(join(folder, "runs/b/test.json"), '{"split": "test", "scores": [7]}');
    await Deno.writeTextFile(join(folder, "runs/c/test.json"), "{");
    await Deno.remove(join(folder, "runs/a/test-probabilities/00001.png"));
    await Deno.writeTextFile(join(folder, "secret.json"), "{}");
  }, async ({ get, refused }) => {
    assert.deepEqual(
      (await get<EvaluationEntry[]>("")).map(({ run, dice }) => [run, dice]).sort(),
      [["a", 1], ["b", null]],
    );
    const cases: [string, number, RegExp][] = [
      ["/nothing/test", 404, /Cannot find an evaluation of split "test" in run "nothing"/],
      ["/a/valid", 404, /Cannot find an evaluation of split "valid"/],
      ["/a/config", 404, /Cannot find an evaluation/],
      ["/..%2f..%2f/test", 404, /Cannot find an evaluation/],
      ["/a/..%2f..%2fsecret", 404, /Cannot find an evaluation/],
      ["/a/test/map/1.png", 404, /no map of it is stored/],
      ["/a/test/map/..%2findex.json", 404, /no map of it is stored/],
      ["/a/test/image/_annotations.coco.json", 404, /Cannot find image/],
      ["/a/test/image/..%2f..%2fsecret.json", 404, /Cannot find image/],
      ["/a/test/truth/2.png", 404, /Cannot find image "2.png" in this evaluation/],
      ["/b/test", 400, /Cannot read the evaluation .*it\.\w+/],
      ["/c/test", 400, /it is not JSON/],
    ];
    for (const [path, status, error] of cases) {
      const [found, message] = await refused(path);
      assert.equal(found, status, `${path}: ${message}`);
      assert.match(message, error);
    }
  }));
