/** The editor of masks: what is painted is what is saved, nothing is lost, and everything works by keyboard. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCoco } from "../../src/coco/coco.ts";
import { fillPolygon } from "../../src/coco/polygon.ts";
import { decodeRle, encodeRle } from "../../src/coco/rle.ts";
import { type CorrectedImage, newestOf, readCorrections } from "../../src/dataset/corrections.ts";
import { createMask, type Mask } from "../../src/image/mask.ts";
import { strokeRegion } from "../../src/page/app/correct/model/brush.ts";
import { Viewport } from "../../src/page/app/viewer/viewport.ts";
import { viewHash } from "../../src/page/app/view.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { maskOfTiles } from "../support/tiles.ts";
import type { BrowserCase, Context } from "./context.ts";
import type { BrowserPage, Point } from "./page.ts";

const SIZE = { width: 96, height: 64 };
const HOSTILE = "<script>alert(1)<img src=x onerror=alert(2)>.png";
const OUTLINE = [10, 8, 40, 8, 40, 30, 10, 30];

/** A board on a dataset of the case's own: `1.png` and `2.png` are annotated, the hostile name is not listed. */
async function openBoard(context: Context) {
  const data = join(context.folder, "data");
  const image = (seed: number) => {
    const { data } = spots(seed, SIZE.width);
    return { ...SIZE, data: data.subarray(0, 3 * SIZE.width * SIZE.height) };
  };
  await writeFiles(data, {
    "train/_annotations.coco.json": cocoText({ ...SIZE, images: 2 }, [
      { segmentation: [OUTLINE] },
      { segmentation: [OUTLINE], image_id: 2 },
    ]),
    "train/1.png": image(1),
    "train/2.png": image(2),
    [`train/${HOSTILE}`]: image(3),
  });
  const { address } = await context.board({ data, runs: join(context.folder, "runs") });
  const path = join(data, "corrections", "corrections.coco.json");
  return {
    url: (file: string) => `${address}${viewHash("correct", "train", file)}`,
    saved: async (): Promise<readonly CorrectedImage[]> => (await readCorrections(path)).images,
    text: () => Deno.readTextFile(path),
  };
}

/** Waits until the editor can be used. */
async function ready(page: BrowserPage): Promise<void> {
  await page.waitFor("an editor", () => document.querySelector(".correct canvas") !== null);
  await page.waitFor(
    "its size",
    () => document.querySelector<HTMLCanvasElement>(".correct canvas")!.width > 100,
  );
}

/** Where pixels of the image lie in the viewport, and back, as the shared viewer computes it. */
async function places(page: BrowserPage) {
  const { left, top, ...pane } = await page.evaluate(() => {
    const canvas = document.querySelector(".correct canvas")!;
    const { left, top } = canvas.getBoundingClientRect();
    const { clientWidth: width, clientHeight: height } = canvas.parentElement!;
    return { left, top, width, height };
  });
  const viewport = new Viewport(SIZE);
  return {
    /** The whole CSS pixel nearest to a point of the image. */
    near(x: number, y: number): Point {
      const point = viewport.toPane({ x, y }, pane);
      return { x: Math.round(point.x + left), y: Math.round(point.y + top) };
    },
    inImage: ({ x, y }: Point) => viewport.toImage({ x: x - left, y: y - top }, pane),
  };
}

async function signAndSave(page: BrowserPage, name: string, revision: number): Promise<void> {
  await page.fill('input[autocomplete="name"]', name);
  await page.press("Control+s");
  await page.waitForText(`Saved as revision ${revision}`);
}

/** The annotation of every annotated image. */
function annotation(): Mask {
  const mask = createMask(SIZE);
  fillPolygon(mask, OUTLINE);
  return mask;
}

function unite(mask: Mask, other: Mask): Mask {
  return { ...mask, data: mask.data.map((value, at) => value | other.data[at]!) };
}

/** Saved masks as `category text`. */
function shown({ regions }: { readonly regions: ReturnType<typeof newestOf>["regions"] }): string[] {
  return regions.map(({ category, rle }) => `${category} ${rle.counts}`);
}

/** Presses Space, does something, and releases it. */
async function holdSpace(page: BrowserPage, body: () => Promise<void>): Promise<void> {
  const key = { key: " ", code: "Space", windowsVirtualKeyCode: 32 };
  await page.session.send("Input.dispatchKeyEvent", { type: "keyDown", text: " ", ...key });
  await body();
  await page.session.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "correct: what the mouse draws is saved as COCO's own text, and opened again",
    async run(context) {
      const { url, saved, text } = await openBoard(context);
      const page = await context.page(url("1.png"));
      await page.goto(url("1.png"));
      await ready(page);
      const { near, inImage } = await places(page);
      await page.press("p");
      const corners = [[50, 12], [88, 20], [70, 58], [45, 40]].map(([x, y]) => near(x!, y!));
      for (const corner of corners) await page.click(corner);
      await page.press("Enter");
      // Free drawing with the brush, and a component that is deleted again.
      await page.press("b");
      const way = [near(5, 50), near(14, 52), near(20, 60)];
      await page.drag(way);
      await page.press("v");
      await page.click(way[0]!);
      await page.press("Delete");
      await page.drag([near(2, 2)]);
      await signAndSave(page, "Dr. Ada", 1);

      const polygon = createMask(SIZE);
      fillPolygon(polygon, corners.map(inImage).flatMap(({ x, y }) => [x, y]));
      const expected = encodeRle(unite(annotation(), polygon));
      const [image] = await saved();
      assert.deepEqual(shown(newestOf(image!)), [`tumor ${expected.counts}`]);
      assert.deepEqual(shown(image!.corrections[0]!), [`tumor ${encodeRle(annotation()).counts}`]);
      assert.deepEqual([newestOf(image!).annotator, newestOf(image!).source], ["Dr. Ada", "annotation"]);
      const coco = readCoco(await text(), { strict: true });
      assert.deepEqual(coco.mask(1), decodeRle(expected));

      // A brush of other colors: the stroke itself, and then the version before, restored.
      await page.press("b");
      await page.drag(way);
      await signAndSave(page, "Dr. Ada", 2);
      const stroke = maskOfTiles(strokeRegion(SIZE, way.map(inImage), 12));
      const [second] = await saved();
      assert.deepEqual(shown(newestOf(second!)), [
        `tumor ${encodeRle(unite(decodeRle(expected), stroke)).counts}`,
      ]);
      await page.waitFor(
        "all versions",
        () => document.querySelectorAll(".correct-versions li").length === 3,
      );
      await page.click('button[aria-label="Restore before the first correction"]');
      await page.waitForText("Restore before the first correction. Undo brings back");
      await signAndSave(page, "Dr. Ada", 3);
      const [third] = await saved();
      assert.deepEqual(shown(newestOf(third!)), shown(third!.corrections[0]!));
      assert.equal(third!.corrections.length, 4);
    },
  },
  {
    name: "correct: brush and polygon by keyboard alone; undo and redo to the bit",
    async run(context) {
      const { url, saved } = await openBoard(context);
      const page = await context.page(url("2.png"));
      await page.goto(url("2.png"));
      await ready(page);
      await page.evaluate(() => document.querySelector<HTMLElement>(".correct canvas")!.focus());
      // The cursor begins in the middle; the first arrow shows it.
      const [x, y] = [48, 32];
      await page.press("ArrowRight", "Control+ArrowRight", "Control+ArrowDown");
      for (let i = 0; i < 10; i++) await page.press("[");
      await holdSpace(page, () => page.press("ArrowRight", "ArrowRight", "ArrowDown"));
      await page.press("p", " ", "Control+ArrowLeft", " ", "Control+ArrowUp", " ", "Enter");
      await page.press("Control+z", "Control+z", "Control+y", "Control+y", "Control+z", "Control+y");
      await signAndSave(page, "Key", 1);
      const at = (dx: number, dy: number) => ({ x: x + 10.5 + dx, y: y + 10.5 + dy });
      const stroke = maskOfTiles(strokeRegion(SIZE, [at(0, 0), at(1, 0), at(2, 0), at(2, 1)], 1));
      const polygon = createMask(SIZE);
      fillPolygon(polygon, [at(2, 1), at(-8, 1), at(-8, -9)].flatMap(({ x, y }) => [x, y]));
      const expected = unite(unite(annotation(), stroke), polygon);
      const [image] = await saved();
      assert.deepEqual(shown(newestOf(image!)), [`tumor ${encodeRle(expected).counts}`]);

      // Back to the annotation: the same bits, and so nothing but what was there.
      await page.evaluate(() => document.querySelector<HTMLElement>(".correct canvas")!.focus());
      await page.press("Control+z", "Control+z");
      await page.waitForText("Not saved yet");
      await page.press("Control+s");
      await page.waitForText("Saved as revision 2");
      const [second] = await saved();
      assert.deepEqual(shown(newestOf(second!)), [`tumor ${encodeRle(annotation()).counts}`]);
      await page.press("?");
      await page.waitForText("Close the polygon; accept the component");
      await page.press("Escape");
    },
  },
  {
    name: "correct: of two tabs the second is told, and both versions stay; a reload keeps what is not saved",
    async run(context) {
      const { url, saved } = await openBoard(context);
      // Answers of 409 are part of the case.
      const first = await context.page(url("1.png"), { hostile: true });
      const second = await context.page(url("1.png"), { hostile: true, sibling: first });
      for (const page of [first, second]) {
        await page.goto(url("1.png"));
        await ready(page);
      }
      const { near } = await places(second);
      await first.drag([near(60, 40), near(70, 40)]);
      await second.drag([near(60, 50), near(70, 50)]);
      await signAndSave(first, "First", 1);
      await second.fill('input[autocomplete="name"]', "Second");
      await second.press("Control+s");
      await second.waitForText("Somebody saved this image in the meantime");
      await second.click("dialog button >> Save mine as the newest");
      await second.waitForText("Saved as revision 2");
      const [image] = await saved();
      assert.deepEqual(image!.corrections.map(({ annotator }) => annotator), [null, "First", "Second"]);
      assert.notDeepEqual(shown(image!.corrections[1]!), shown(image!.corrections[2]!));

      // The first tab continues, and takes what the second saved.
      await first.drag([near(60, 20), near(70, 20)]);
      await first.press("Control+s");
      await first.waitForText("Somebody saved");
      await first.click("dialog button >> Load theirs");
      await first.waitForText("Undo brings yours back");
      await first.press("Control+z");
      await first.waitForText("Not saved yet");

      // Leaving asks; a reload keeps what is not saved.
      await first.click("nav a >> Runs");
      await first.waitForText("Leave without saving?");
      await first.click("dialog button >> Stay");
      await first.waitFor("the editor", () => location.hash.startsWith("#/correct/"));
      first.answerLeaving(true);
      await first.reload();
      await first.waitForText("Unsaved work was found");
      await first.click("dialog button >> Continue with them");
      await first.waitForText("Unsaved masks restored");
      await signAndSave(first, "First", 3);
      const [third] = await saved();
      const [, one, two, three] = third!.corrections.map((each) => decodeRle(each.regions[0]!.rle));
      const has = (mask: Mask, x: number, y: number) => mask.data[y * SIZE.width + x] === 1;
      assert.deepEqual([one, two, three].map((mask) => [20, 40, 50].map((y) => has(mask!, 65, y))), [
        [false, true, false],
        [false, false, true],
        [true, true, false],
      ]);
      await first.reload();
      await ready(first);
      await first.waitForText("Saved as revision 3");
      assert.equal(await first.evaluate(() => document.querySelector("dialog")), null);
    },
  },
  {
    name: "correct: a stored prediction is where masks start, and the version before",
    async run(context) {
      const { address, data, runs } = await context.board({ copied: true });
      const page = await context.page(address);
      const file = "phantom_test_00003.jpg";
      await page.goto(`${address}${viewHash("correct", "test", file)}`);
      await ready(page);
      await page.waitForText("stored by seen");
      await page.click("button >> Prediction");
      await page.waitForText("Masks of the prediction");
      await signAndSave(page, "Ada", 1);
      const { images: [image] } = await readCorrections(join(data, "corrections", "corrections.coco.json"));
      const index = JSON.parse(await Deno.readTextFile(join(runs, "seen/test-probabilities/index.json")));
      assert.match(index.model, /^[0-9a-f]{64}$/);
      assert.deepEqual(
        image!.corrections.map(({ source, model }) => [source, model]),
        [["prediction", index.model], ["prediction", index.model]],
      );
      assert.deepEqual(shown(newestOf(image!)), shown(image!.corrections[0]!));
      assert.ok(newestOf(image!).regions.length > 0);
    },
  },
  {
    name: "correct: a file named <script>, and an image that nobody annotated claims no background",
    async run(context) {
      const { url, saved } = await openBoard(context);
      const page = await context.page(url(HOSTILE));
      await page.goto(url(HOSTILE));
      await ready(page);
      await page.waitForText("The annotation file does not list this image");
      await page.waitForText(HOSTILE);
      const { near } = await places(page);
      await page.drag([near(60, 40), near(70, 40)]);
      await signAndSave(page, HOSTILE, 1);
      const [image] = await saved();
      const [tumor, ignored] = newestOf(image!).regions.map(({ rle }) => decodeRle(rle));
      assert.deepEqual(newestOf(image!).regions.map(({ category }) => category), ["tumor", "ignore"]);
      assert.ok(tumor!.data.every((value, at) => value + ignored!.data[at]! === 1));
      await page.click("button >> The rest is background");
      await page.press("Control+s");
      await page.waitForText("Saved as revision 2");
      const [second] = await saved();
      assert.deepEqual(newestOf(second!).regions.map(({ category }) => category), ["tumor"]);
      assert.equal(newestOf(second!).annotator, HOSTILE);
      assert.equal(await page.evaluate(() => document.querySelectorAll("main script, main img").length), 0);
    },
  },
];
