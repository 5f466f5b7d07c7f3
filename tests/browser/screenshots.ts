/**
 * `deno task screenshots`: the images of the page in README and docs, from a board on real runs on phantoms.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "node:path";
import { createCommand, main, writeStderr, writeStdout } from "../../src/cli/task.ts";
import { RUN_FILES } from "../../src/fs/layout.ts";
import { listFolder } from "../../src/fs/paths.ts";
import { ROOT } from "../project/files.ts";
import { Context } from "./context.ts";
import { Browser } from "./driver.ts";
import type { BrowserPage, Point } from "./page.ts";
import { DATA, makeShowcase, RUNS, SHOWN_RUN } from "./showcase.ts";
import { drawn } from "./views.ts";

/** Where the images lie. */
const OUTPUT = "docs/images";

/** Most bytes of an image. */
const MOST_BYTES = 150_000;

/** A screenshot. */
interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  /** What is done before the picture is taken. */
  prepare(page: BrowserPage, images: readonly string[]): Promise<void>;
}

const SHOTS: readonly Shot[] = [
  {
    name: "page_runs",
    hash: "runs",
    width: 1280,
    height: 860,
    async prepare(page) {
      await page.waitForText("Differences of the settings");
      await page.waitForText("half-the-filters");
    },
  },
  {
    name: "page_results",
    hash: `results/${SHOWN_RUN}/test`,
    width: 1400,
    height: 920,
    async prepare(page, images) {
      await page.click(`.vt-row >> ${images[5]}`);
      await page.waitForText("Probability");
    },
  },
  {
    name: "page_dataset",
    hash: "dataset",
    width: 1280,
    height: 760,
    prepare: (page) => page.waitForText("Near-duplicates 0"),
  },
  {
    name: "page_predict",
    hash: "predict",
    width: 1440,
    height: 860,
    dark: true,
    async prepare(page, images) {
      await page.waitForText("Choose images");
      await page.setFiles(
        "input[type=file]",
        images.slice(4, 8).map((name) => join(ROOT, DATA, "test", name)),
      );
      await page.within(
        300_000,
        "four predicted images",
        () => /4 of 4|4 predicted/.test(document.body.innerText),
      );
    },
  },
  {
    name: "page_correct",
    hash: "correct/test/IMAGE",
    width: 1440,
    height: 860,
    dark: true,
    async prepare(page) {
      await page.waitForText("Brush");
      await page.fill("input[type=text]", "A. Reader");
      const center = await page.point("canvas");
      const at = (x: number, y: number): Point => ({ x: center.x + x, y: center.y + y });
      // Along the larger lesion.
      await page.drag([at(4, 20), at(8, 50), at(6, 80), at(-8, 110)]);
      await page.hover(at(-14, 122));
    },
  },
];

/** The command. */
export function command(): Command {
  return createCommand("screenshots", "Takes the pictures of the page that README and docs show.")
    .option("--only <name>", "only the pictures whose name contains this", "")
    .action(async ({ only }: { only: string }) => {
      await makeShowcase((note) => writeStderr(`${note}\n`));
      const browser = await Browser.launch(join(ROOT, DATA, ".browser"));
      const context = new Context(browser, "screenshots");
      try {
        const model = join(RUNS, SHOWN_RUN, RUN_FILES.best);
        const board = await context.board({ runs: RUNS, data: DATA, model });
        const images = (await listFolder(join(DATA, "test"))).map(({ name }) => name)
          .filter((name) => name.endsWith(".jpg")).sort();
        for (const shot of SHOTS.filter(({ name }) => name.includes(only))) {
          await take(context, board.address, shot, images);
        }
      } finally {
        for (const issue of await context.close()) writeStderr(`note: ${issue}\n`);
        await browser.close();
      }
    });
}

async function take(context: Context, address: string, shot: Shot, images: readonly string[]): Promise<void> {
  const { name, width, height, dark = false } = shot;
  const hash = shot.hash.replace("IMAGE", images[5]!);
  const page = await context.page(`${address}#/${hash}`, { width, height, dark, reducedMotion: true });
  await shot.prepare(page, images);
  await drawn(page);
  const { path, bytes } = await encode(page, name);
  await Deno.mkdir(OUTPUT, { recursive: true });
  for (const ending of ["png", "jpg"]) await Deno.remove(join(OUTPUT, `${name}.${ending}`)).catch(() => {});
  await Deno.writeFile(path, bytes);
  await page.close();
  writeStdout(`${path} ${Math.round(bytes.length / 1024)} KiB\n`);
}

/** A PNG, or the best JPEG that is small enough. */
async function encode(page: BrowserPage, name: string): Promise<{ path: string; bytes: Uint8Array }> {
  const png = await page.screenshot();
  if (png.length <= MOST_BYTES) return { path: join(OUTPUT, `${name}.png`), bytes: png };
  for (let quality = 92;; quality -= 4) {
    const bytes = await page.screenshot("jpeg", quality);
    if (bytes.length <= MOST_BYTES || quality < 50) return { path: join(OUTPUT, `${name}.jpg`), bytes };
  }
}

if (import.meta.main) await main(command());
