/** The results of an evaluation: its numbers, masks at any threshold, keys, odd names, and what is missing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { predictedArea, trueArea } from "../../src/evaluation/image_score.ts";
import { METRIC_NAMES } from "../../src/evaluation/metrics.ts";
import { readForModel } from "../../src/evaluation/model_classes.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import type { ImageResult, ResultScore } from "../../src/page/api/results.ts";
import { showCount, showMetric } from "../../src/page/app/format.ts";
import { loadModel } from "../../src/prediction/load_model.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { grayPredictor } from "../support/gray_predictor.ts";
import { storeEvaluation } from "../support/stored_evaluation.ts";
import type { BrowserCase } from "./context.ts";
import { CACHE, MODEL, phantoms } from "./fixtures.ts";
import type { BrowserPage } from "./page.ts";

/** What the page reads of an evaluation's file. */
interface Evaluation {
  readonly scores: readonly ImageResult[];
  readonly audit: readonly {
    name: string;
    score: number;
    reason: string;
    pixels: number;
    certainty: number;
  }[];
  readonly summary: { readonly pooled: { readonly dice: number; readonly accuracy: number } };
}

async function readEvaluation(runs: string): Promise<Evaluation> {
  return JSON.parse(await Deno.readTextFile(join(runs, "seen/test.json")));
}

/** The cells of the table's rows, by the first one, when there are `count` of them. */
async function readTable(page: BrowserPage, count?: number): Promise<Map<string, string[]>> {
  await page.waitFor("the rows", (count) => {
    const { length } = document.querySelectorAll(".vt-row");
    return count === undefined ? length > 0 : length === count;
  }, count);
  const rows = await page.evaluate(() =>
    [...document.querySelectorAll(".vt-row")].map((row) =>
      [...row.querySelectorAll(".vt-cell")].map((cell) => cell.textContent!)
    )
  );
  return new Map(rows.map(([name, ...cells]) => [name!, cells]));
}

/** Waits until an image is drawn, and reads the columns of its numbers: as evaluated, and now. */
async function readNumbers(page: BrowserPage, name: string) {
  await page.waitFor(
    `numbers of ${name}`,
    (name) => document.querySelector<HTMLElement>(".detail")?.dataset.shown === name,
    name,
  );
  return await page.evaluate(async () => {
    // The slider draws before the next frame.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return [...document.querySelectorAll<HTMLElement>("[data-number]")].map((row) =>
      [row.dataset.number!, ...[...row.querySelectorAll("td")].map((cell) => cell.textContent!)] as string[]
    );
  });
}

/** What the numbers of a score read as, at masks of `side` px. */
function textsOf(score: ResultScore, side = 64): string[][] {
  const area = (count: number) => `${showCount(count)} px (${(100 * count / side ** 2).toFixed(2)} %)`;
  const { pixels, lesions } = score;
  return [
    ...METRIC_NAMES.map((name) => [name, showMetric(score.metrics[name])]),
    ["trueArea", area(trueArea(score))],
    ["predictedArea", area(predictedArea(score))],
    ["missedPixels", showCount(pixels.falseNegatives)],
    ["falsePixels", showCount(pixels.falsePositives)],
    ["lesions", `${lesions.truth} / ${lesions.predicted}`],
    ["missedLesions", `${lesions.missed} / ${lesions.false}`],
  ];
}

/** Scores of the shown model at thresholds, by the library. */
async function scoresAt(thresholds: readonly number[]): Promise<Map<number, readonly ImageResult[]>> {
  const gpu = await openGpu();
  const predictor = await Predictor.create(gpu, await loadModel(MODEL));
  const split = splitOf(await findSplits(await phantoms()), "test");
  const { samples } = await readForModel(predictor, split, await openSplit(split), "empty");
  const { size, normalize } = predictor.description;
  await using prepared = await prepareSplit(samples, { size, normalize, cacheFolder: CACHE });
  const found = new Map<number, readonly ImageResult[]>();
  for (const threshold of thresholds) {
    const options = { threshold, bootstrap: { resamples: 10 } };
    const { scores } = await evaluateSplit(predictor, prepared, options);
    found.set(threshold, scores.map(({ classes: _, ...score }) => score));
  }
  predictor.close();
  gpu.close();
  return found;
}

/** How many centers of compared pixels have a color of the map of errors, which lies on black. */
function countErrors(side: number): Record<string, number> {
  const canvas = document.querySelector<HTMLCanvasElement>("[data-pane=errors] canvas")!;
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
  const scale = Math.min(width, height) / side;
  const counts = { hit: 0, missed: 0, false: 0, none: 0 };
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const column = Math.floor((width - side * scale) / 2 + (x + 0.5) * scale);
      const row = Math.floor((height - side * scale) / 2 + (y + 0.5) * scale);
      const [red, green, blue, alpha] = data.subarray(4 * (row * width + column)) as unknown as number[];
      counts[alpha! < 99 ? "none" : green! < 90 ? "false" : red! > blue! ? "missed" : "hit"]++;
    }
  }
  return counts;
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name:
      "results: every number of the table, of each image and of the audit is that of the evaluation's file",
    async run(context) {
      const board = await context.board();
      const { scores, audit, summary } = await readEvaluation(board.runs);
      const page = await context.page(`${board.address}#/results`, { width: 1600, height: 1000 });
      await page.waitForText(showMetric(summary.pooled.dice));
      await page.goto(`${board.address}#/results/seen/test`);
      await page.waitForText(`Dice ${showMetric(summary.pooled.dice)} over all pixels`);
      await page.waitForText(`accuracy ${showMetric(summary.pooled.accuracy)}`);
      const table = await readTable(page, scores.length);
      for (const score of scores) {
        const { lesions } = score;
        assert.deepEqual(table.get(score.name), [
          ...METRIC_NAMES.map((name) => showMetric(score.metrics[name])),
          ...[lesions.missed, lesions.false, lesions.truth, lesions.predicted].map(showCount),
          ...[trueArea(score), predictedArea(score)].map(showCount),
        ]);
      }
      // The worst is chosen first, and an arrow key leads to the next.
      const byDice = [...scores].sort((a, b) => a.metrics.dice! - b.metrics.dice!);
      for (const score of byDice) {
        assert.deepEqual(
          await readNumbers(page, score.name),
          textsOf(score).map(([key, text]) => [key, text, text]),
        );
        assert.equal(await page.evaluate(() => document.querySelector(".detail-notes")!.textContent), "");
        await page.press("ArrowRight");
      }
      await page.click("button >> Audit");
      const findings = await readTable(page, audit.length);
      audit.forEach(({ name, score, reason, pixels, certainty }, index) => {
        const texts = [name, showMetric(score), reason, showCount(pixels), showMetric(certainty)];
        assert.deepEqual(findings.get(`${index + 1}`), texts);
      });
    },
  },
  {
    name: "results: the threshold's slider and field give the library's masks, by keys and at once",
    async run(context) {
      const board = await context.board();
      const { scores } = await readEvaluation(board.runs);
      const found = await scoresAt([0.51, 0.137, 0.9]);
      const page = await context.page(`${board.address}#/results/seen/test`, { width: 1600, height: 1000 });
      const at = async (threshold: number, name: string) => {
        const score = found.get(threshold)!.find((score) => score.name === name)!;
        const evaluated = textsOf(scores.find((score) => score.name === name)!);
        assert.deepEqual(
          await readNumbers(page, name),
          textsOf(score).map(([key, text], row) => [key, evaluated[row]![1], text]),
          `${name} at ${threshold}`,
        );
      };
      const [first, ...others] = [...scores].sort((a, b) => a.metrics.dice! - b.metrics.dice!);
      await readNumbers(page, first!.name);
      await page.click(".threshold input[type=range]");
      await page.press("Home", ...Array.from({ length: 51 }, () => "ArrowRight"));
      await at(0.51, first!.name);
      await page.fill(".threshold-field", "0.137");
      await at(0.137, first!.name);
      await page.fill(".threshold-field", "0.9");
      await at(0.9, first!.name);
      // It stays for the next images.
      await page.click("[data-pane=image] canvas");
      for (const { name } of others.slice(0, 3)) {
        await page.press("ArrowRight");
        await at(0.9, name);
      }
      await page.click("button >> As evaluated");
      const last = others[2]!;
      const texts = textsOf(last).map(([key, text]) => [key, text, text]);
      assert.deepEqual(await readNumbers(page, last.name), texts);
    },
  },
  {
    name: "results: filters, order, zoom and pan work by keys, and all panes move together",
    async run(context) {
      const board = await context.board();
      const { scores } = await readEvaluation(board.runs);
      const page = await context.page(`${board.address}#/results/seen/test`, { width: 1600, height: 1000 });
      await page.waitFor("an image", () => document.querySelector(".detail")?.hasAttribute("data-shown"));
      const rows = async () => [...(await readTable(page)).keys()];
      const without = scores.filter((score) => trueArea(score) === 0).map(({ name }) => name).sort();
      await page.evaluate(() => {
        const select = document.querySelector<HTMLSelectElement>(".result-list select")!;
        select.focus();
      });
      await page.press("N"); // "No foreground"
      assert.deepEqual((await rows()).sort(), without);
      await page.press("Home");
      await page.click(".vt-sort >> HD95");
      const distances = scores.map(({ metrics, name }) => [metrics.hausdorff95, name] as const)
        .filter(([distance]) => distance !== null).sort(([a], [b]) => b! - a!);
      assert.equal((await rows())[0], distances[0]![1], "the largest distance comes first");
      await page.click("[data-pane=errors] canvas");
      const level = () => page.text(".viewer-level");
      const fitted = await level();
      await page.press("1");
      assert.equal(await level(), "100 %");
      await page.press("+", "+");
      assert.equal(await level(), "230 %");
      const pixel = () =>
        page.evaluate(async () => {
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          return [
            ...document.querySelectorAll<HTMLCanvasElement>(
              "[data-pane=image] canvas, [data-pane=truth] canvas",
            ),
          ]
            .map((canvas) => canvas.toDataURL().length);
        });
      await page.press("+", "+", "+", "+");
      const before = await pixel();
      await page.press("Shift+ArrowRight", "Shift+ArrowDown");
      const after = await pixel();
      assert.ok(before.every((length, pane) => length !== after[pane]), "every pane has moved");
      await page.drag([{ x: 800, y: 600 }, { x: 820, y: 610 }, { x: 900, y: 640 }]);
      const dragged = await pixel();
      assert.ok(after.every((length, pane) => length !== dragged[pane]), "a drag moves every pane");
      await page.press("0");
      assert.equal(await level(), fitted);
      const { x, y } = await page.point("[data-pane=errors] canvas");
      const touch = (type: string, ...distances: number[]) =>
        page.session.send("Input.dispatchTouchEvent", {
          type,
          touchPoints: distances.map((distance, id) => ({ x: x + distance, y, id })),
        });
      await touch("touchStart", -20, 20);
      await touch("touchMove", -40, 40);
      await touch("touchEnd");
      await page.waitFor("two fingers that magnify to the double", (fitted) => {
        const level = parseFloat(document.querySelector(".viewer-level")!.textContent!);
        return Math.abs(level / fitted - 2) < 0.1;
      }, parseFloat(fitted));
      await page.press("0");
      await page.click(".segmented button >> Errors");
      await page.waitFor("one large pane", (fitted) => {
        const level = parseFloat(document.querySelector(".viewer-level")!.textContent!);
        return document.querySelectorAll(".pane:not([hidden])").length === 1 && level > fitted;
      }, parseFloat(fitted));
      await page.click(".segmented button >> All");
      await page.wheel("[data-pane=truth] canvas", -300);
      await page.waitFor(
        "a wheel that magnifies",
        (fitted) => document.querySelector(".viewer-level")!.textContent !== fitted,
        fitted,
      );
      await page.click("[data-pane=truth] canvas", { count: 2 });
      await page.waitFor(
        "a double click that fits",
        (fitted) => document.querySelector(".viewer-level")!.textContent === fitted,
        fitted,
      );
    },
  },
  {
    name: "results: without the dataset numbers, masks and errors are shown; a name of HTML stays a text",
    async run(context) {
      const name = "<script>hacked=1<script><img src=x onerror=hacked=1>.jpg";
      const board = await context.board({ copied: true });
      const { scores } = await readEvaluation(board.runs);
      const worst = scores.filter((score) => score.metrics.dice! > 0)
        .sort((a, b) => a.metrics.dice! - b.metrics.dice!)[0]!;
      for (const file of ["test.json", "test-probabilities/index.json"]) {
        const path = join(board.runs, "seen", file);
        const text = await Deno.readTextFile(path);
        await Deno.writeTextFile(path, text.replaceAll(JSON.stringify(worst.name), JSON.stringify(name)));
      }
      const page = await context.page(
        `${board.address}#/results/seen/test/images/${encodeURIComponent(name)}`,
        { width: 1600, height: 1000, hostile: true },
      );
      const texts = textsOf(worst).map(([key, text]) => [key, text, text]);
      assert.deepEqual(await readNumbers(page, name), texts);
      assert.equal(await page.text(".detail-title"), name);
      await page.waitForText("does not have it");
      assert.deepEqual(
        await page.evaluate(
          () => ["hacked" in globalThis, document.querySelectorAll("main script, main img").length],
        ),
        [false, 0],
      );
      const { truePositives: hit, falseNegatives: missed, falsePositives } = worst.pixels;
      const none = 64 * 64 - hit - missed - falsePositives;
      assert.deepEqual(await page.evaluate(countErrors, 64), { hit, missed, false: falsePositives, none });
      // Without stored maps, what to do is said, and the numbers of the file are still there.
      await Deno.remove(join(board.runs, "seen/test-probabilities"), { recursive: true });
      await page.reload();
      await page.waitForText("deno task evaluate --run runs/seen --split test");
      assert.deepEqual(await readNumbers(page, name), textsOf(worst).map(([key, text]) => [key, text, "–"]));
    },
  },
  {
    name: "results: several classes have their own numbers and masks, and ignored pixels count in nothing",
    async run(context) {
      const board = await context.board({ copied: true });
      await writeClassDataset(board.data, { splits: { test: 3 }, side: 64, ignored: true });
      const run = join(board.runs, "classes");
      await Deno.mkdir(run, { recursive: true });
      const written = await storeEvaluation(grayPredictor({ blind: 1 }), board.data, run, { audit: true });
      const { scores } = written as unknown as Evaluation;
      const page = await context.page(`${board.address}#/results/classes/test/images/1.png`, {
        width: 1600,
        height: 1000,
      });
      const numbers = async (score: ResultScore) => {
        const texts = textsOf(score, 32).map(([key, text]) => [key, text, text]);
        assert.deepEqual(await readNumbers(page, "1.png"), texts);
      };
      const first = scores.find(({ name }) => name === "1.png")!;
      await numbers(first);
      await page.waitForText("Ignored");
      for (const [index, name] of ["disc", "cup", "vessel"].entries()) {
        await page.evaluate((index) => {
          const select = [...document.querySelectorAll("select")].find(({ labels }) =>
            labels[0]!.textContent === "Class"
          )!;
          select.selectedIndex = index + 1;
          select.dispatchEvent(new Event("change"));
        }, index);
        await numbers(first.classes![name]!);
        const cells = (await readTable(page)).get("1.png")!;
        assert.equal(cells[0], showMetric(first.classes![name]!.metrics.dice));
      }
      await page.click("button >> Audit");
      await page.waitForText("cup, annotated, but the model finds nothing");
      // A split that nobody annotated has an audit only, and no truth to be compared with.
      const raw = { ...written, data: { annotated: false }, summary: null, classes: undefined, scores: [] };
      await Deno.writeTextFile(join(run, "test.json"), JSON.stringify(raw));
      await page.goto(`${board.address}#/results`);
      await page.goto(`${board.address}#/results/classes/test`);
      await page.waitForText("Not annotated: only the audit can be shown.");
      await page.waitForText("Predicted lesions");
      for (const pane of ["truth", "errors"]) {
        assert.match(await page.text(`[data-pane=${pane}] figcaption`), /: not available$/);
      }
    },
  },
];
