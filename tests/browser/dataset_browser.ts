/** The dataset: its images, their problems and outlines, and images that show the same. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { inspectDataset } from "../../src/dataset/inspect.ts";
import type { RgbImage } from "../../src/image/image.ts";
import { keptFolder } from "../../src/page/server/dataset/kept_images.ts";
import { spots, writeFiles } from "../support/coco.ts";
import type { BrowserCase, ShownBoard } from "./context.ts";
import type { BrowserPage } from "./page.ts";
import { drawn } from "./views.ts";

const ODD = "<script>a b&.png";

/** Annotations of images of 64 px. */
function coco(names: readonly string[], annotations: readonly object[]): string {
  const images = names.map((file_name, index) => ({ id: index + 1, file_name, width: 64, height: 64 }));
  const entries = annotations.map((each, index) => ({ id: index + 1, ...each }));
  return JSON.stringify({
    images,
    annotations: entries,
    categories: [{ id: 1, name: "tumor" }, { id: 2, name: "<b>edema" }],
  });
}

const square = (image_id: number, category_id: number, at: number) => ({
  image_id,
  category_id,
  segmentation: [[at, at, at + 16, at, at + 16, at + 16, at, at + 16]],
});

/** A dataset with one problem of each kind that matters here. */
async function writeOddDataset(folder: string): Promise<void> {
  const wide: RgbImage = { ...spots(5, 80), height: 64, data: spots(5, 80).data.subarray(0, 3 * 80 * 64) };
  await writeFiles(folder, {
    "train/_annotations.coco.json": coco([
      "plain.png",
      ODD,
      "broken.png",
      "wide.png",
      "lost.png",
      "empty.png",
    ], [
      square(1, 1, 8),
      square(2, 2, 20),
      { image_id: 2, category_id: 1, segmentation: [[1, 1, 9, 9]] },
    ]),
    "train/plain.png": spots(1),
    [`train/${ODD}`]: spots(2),
    "train/broken.png": new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]),
    "train/wide.png": wide,
    "train/empty.png": spots(4),
    "train/unlisted.png": spots(6),
    "test/_annotations.coco.json": coco(["copy.png", "own.png"], [square(1, 1, 8)]),
    "test/copy.png": spots(1),
    "test/own.png": spots(7),
  });
}

/** Opens a list of the dataset when all images are read. */
async function openList(page: BrowserPage, board: ShownBoard, list = ""): Promise<void> {
  await page.goto(`${board.address}#/dataset${list}`);
  await page.waitFor(
    "a survey that has ended",
    () => /Near-duplicates \d/.test(document.querySelector("main")!.innerText),
  );
  await drawn(page);
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "dataset: problems first as inspect reports them, filters, outlines, and pairs that splits share",
    async run(context) {
      const data = join(context.folder, "odd");
      await writeOddDataset(data);
      const board = await context.board({ data, runs: join(context.folder, "runs") });
      const page = await context.page(board.address, { width: 1400, height: 900 });
      await openList(page, board);
      const report = await inspectDataset(data);
      const labels = () =>
        page.evaluate(() =>
          [...document.querySelectorAll(".vg-tile")].map((tile) => tile.getAttribute("aria-label")!)
        );
      const all = await labels();
      assert.equal(all.length, 9);
      const bad = all.filter((label) => all.indexOf(label) < 5);
      assert.deepEqual(bad.map((label) => label.split(", ")[0]), [
        ODD,
        "broken.png",
        "wide.png",
        "lost.png",
        "unlisted.png",
      ]);
      const problems = report.splits.flatMap(({ problems }) => problems);
      assert.equal(problems.length, 5);
      assert.match(await page.text("main"), /9 of 9 images, 5 with problems/);
      await openList(page, board, "/problems");
      const rows = await page.text(".vt");
      for (const { message, kind } of problems.filter(({ kind }) => kind !== "unlisted-file")) {
        assert.ok(rows.includes(message) && rows.includes(kind), `${kind}: ${message} is not in ${rows}`);
      }

      await openList(page, board);
      await page.fill('input[type="search"]', "COP");
      assert.deepEqual((await labels()).map((label) => label.split(", ")[0]), ["copy.png"]);
      await page.fill('input[type="search"]', " ");
      await page.evaluate(() => {
        const [, shows] = document.querySelectorAll("select");
        shows!.value = [...shows!.options].find(({ text }) => text === "<b>edema")!.value;
        shows!.dispatchEvent(new Event("change"));
      });
      assert.deepEqual((await labels()).map((label) => label.split(", ")[0]), [ODD]);

      await page.press("Tab", "Tab");
      await page.evaluate(() => document.querySelector<HTMLElement>(".vg")!.focus());
      await page.press("ArrowRight", "Enter");
      await page.waitForText("<b>edema");
      await page.waitForText("256 px, 6.25 %");
      assert.match(await page.text("main"), /too-few-points annotation 3: .*fewer than three points/);
      // The outline of the second class, in its color.
      const colors = await page.evaluate(() => {
        const canvas = document.querySelector("canvas")!;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        let found = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (data[i] === 86 && data[i + 1] === 180 && data[i + 2] === 233) found++;
        }
        return found;
      });
      assert.ok(colors > 200, `${colors} pixels of the outline`);

      assert.deepEqual(report.nearDuplicates.pairs.length, 1);
      await openList(page, board, "/pairs");
      assert.match(
        await page.text("main"),
        /1 pair, 1 shared between splits: an evaluation on these measures/,
      );
      await page.click(".vg-tile");
      await page.waitForText("Shared between the splits");
      const text = await page.text("main");
      assert.ok(text.includes("train/plain.png") && text.includes("test/copy.png"));
      assert.match(text, /same bytes, near-equal pixels/);
      await drawn(page);
      assert.equal(await page.evaluate(() => document.querySelectorAll("canvas").length), 2);
    },
  },
  {
    name: "dataset: 10,000 images scroll, load only what is in view, and leave the board free to answer",
    async run(context) {
      const data = join(context.folder, "many");
      const names = Array.from({ length: 10_000 }, (_, index) => `${index}.png`);
      const files = Object.fromEntries(
        [0, 1, 5000, 9999].map((index) => [`train/${index}.png`, spots(index)]),
      );
      await writeFiles(data, { "train/_annotations.coco.json": coco(names, []), ...files });
      const board = await context.board({ data, runs: join(context.folder, "runs") });
      const page = await context.page(board.address, { width: 1400, height: 900 });
      await page.goto(`${board.address}#/dataset`);
      await page.waitForText("of 10,000 images");
      const answers = page.evaluate(async () => {
        const begin = performance.now();
        for (let i = 0; i < 5; i++) await (await fetch("api/dataset/survey?from=20000")).json();
        return (performance.now() - begin) / 5;
      });
      assert.ok(await answers < 1000, `${await answers} ms per answer`);
      await page.waitFor("a survey that has ended", () => /Near-duplicates 0/.test(document.body.innerText));
      const { tiles, times } = await page.evaluate(async () => {
        const grid = document.querySelector(".vg")!;
        let tiles = 0;
        const times: number[] = [];
        for (let i = 0; i <= 12; i++) {
          grid.scrollTop = i / 12 * grid.scrollHeight;
          await new Promise((resolve) => requestAnimationFrame(resolve));
          const begin = performance.now();
          await new Promise((resolve) => setTimeout(resolve));
          times.push(performance.now() - begin);
          tiles = Math.max(tiles, document.querySelectorAll(".vg-tile").length);
        }
        return { tiles, times: times.sort((a, b) => a - b) };
      });
      assert.ok(tiles > 20 && tiles < 100, `${tiles} tiles`);
      // Others use the machine, too: the work itself shows in the faster frames.
      assert.ok(times[4]! < 200, `most frames took ${times[4]} ms or more`);
      await drawn(page);
      const last = await page.evaluate(() => [...document.querySelectorAll(".vg-tile")].at(-1)!.textContent);
      // Those with a file have no problem and come last.
      assert.match(last!, /^9999\.png/);
      const kept = [...Deno.readDirSync(keptFolder(board.cache))].map(({ name }) => name);
      assert.ok(kept.length >= 4 && kept.every((name) => /^[0-9a-f]{40}$/.test(name)), kept.join(" "));
    },
  },
];
