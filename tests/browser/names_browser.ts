/** Names of files, runs, classes and settings are text wherever they are shown, whatever they hold. */
import assert from "node:assert/strict";
import { extname } from "node:path";
import type { BrowserCase, Context, ShownBoard } from "./context.ts";
import { drawn, openView } from "./views.ts";

/** A text that runs a script if any of the usual mistakes is made; a file's name cannot have a slash. */
const hostile = (what: string) =>
  `"'><script>hacked=1<img src=x onerror=hacked=1>&lt;\${hacked=1} %2e%2e ${what}`;
const IMAGE = `${hostile("image")}.jpg`, CLASS = `</title></script>${hostile("class")}`, RUN = hostile("run");

/** Renames an image of the test split and the class, in the files of the dataset and of the run's results. */
async function rename(board: ShownBoard): Promise<void> {
  const names: [string, string][] = [["phantom_test_00001.jpg", IMAGE], ["Tumor", CLASS], [
    "strong",
    hostile("recipe"),
  ]];
  await Deno.rename(`${board.data}/test/${names[0]![0]}`, `${board.data}/test/${IMAGE}`);
  const written: Readonly<Record<string, (name: string) => string>> = {
    ".json": (name) => JSON.stringify(name).slice(1, -1),
    ".csv": (name) => `"${name.replaceAll('"', '""')}"`,
  };
  const run = `${board.runs}/seen`;
  const files = [`${board.data}/test/_annotations.coco.json`];
  for (const folder of [run, `${run}/test-probabilities`]) {
    for await (const { name, isFile } of Deno.readDir(folder)) if (isFile) files.push(`${folder}/${name}`);
  }
  for (const path of files) {
    const write = written[extname(path)];
    if (write === undefined) continue;
    let text = await Deno.readTextFile(path);
    for (const [from, to] of names) text = text.replaceAll(from, () => write(to));
    await Deno.writeTextFile(path, text);
  }
  await Deno.rename(run, `${board.runs}/${RUN}`);
}

async function open(context: Context, hash: string) {
  const board = await context.board({ copied: true });
  await rename(board);
  const page = await context.page(board.address, { width: 1600, height: 1200 });
  await openView(page, board.address, { hash, shows: "" });
  return page;
}

/** What a name of these became other than text. */
function injected(): string[] {
  const faults = [...document.querySelectorAll("*")].filter((element) =>
    element.getAttributeNames().some((name) => name.startsWith("on")) || element.getAttribute("src") === "x"
  ).map((element) => element.outerHTML.slice(0, 100));
  if ("hacked" in globalThis) faults.push("a script ran");
  const { length } = document.scripts;
  if ([...document.scripts].some(({ src }) => src === "")) {
    faults.push(`a script of ${length} without an address`);
  }
  return faults;
}

const SHOWN: readonly [view: string, hash: string, names: readonly string[]][] = [
  ["runs", "runs", [RUN]],
  ["run", `run/${encodeURIComponent(RUN)}`, [RUN]],
  ["results", `results/${encodeURIComponent(RUN)}/test`, [RUN, IMAGE]],
  ["dataset", "dataset", [IMAGE]],
  ["dataset image", `dataset/image/test/${encodeURIComponent(IMAGE)}`, [IMAGE, CLASS]],
  ["editor", `correct/test/${encodeURIComponent(IMAGE)}`, [IMAGE, CLASS]],
];

/** The cases. */
export const cases: BrowserCase[] = SHOWN.map(([view, hash, names]) => ({
  name: `view ${view}: shows names with markup as they are`,
  async run(context) {
    const page = await open(context, hash);
    for (const name of names) await page.waitForText(name);
    await drawn(page);
    assert.deepEqual(await page.evaluate(injected), []);
  },
}));
