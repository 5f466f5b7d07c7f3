/** The prediction page as a static site: the numbers and files of `predict`, offline, updated, and where it cannot work. */
import assert from "node:assert/strict";
import { unzipSync } from "fflate";
import { join } from "node:path";
import { encodeRgbPng } from "../../src/image/encode.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { makeSite } from "../../src/page/site/make_site.ts";
import { packModel } from "../../src/unet/model_format.ts";
import { deepPng } from "../support/deep_images.ts";
import { runInProcess } from "../support/run_task.ts";
import { bright, spotClasses, spotModel } from "../support/spot_model.ts";
import { command as predict } from "../../tasks/predict.ts";
import { auditLooks } from "./audit.ts";
import type { BrowserCase, Context } from "./context.ts";
import type { BrowserPage } from "./page.ts";

/** Longest that a page may take to load its model and to prove the kernels. */
const READY_MS = 40_000;

/** A file name that would be run if it were parsed. */
const HOSTILE = "<img src=x onerror=alert(1)> & co.png";

export const cases: BrowserCase[] = [
  { name: "static site: files and numbers of predict, offline, updated as a whole", run: testSite },
  { name: "static site: without a secure address it says why, and how to get one", run: testInsecure },
  { name: "board: its models are offered, and predict", run: testBoard },
];

async function testSite(context: Context): Promise<void> {
  const { folder } = context;
  const model = join(folder, "lungs.safetensors");
  await Deno.writeFile(model, spotModel());
  // In a subfolder: nothing may depend on the server's root.
  const site = join(folder, "www", "lungs");
  const served: string[] = [];
  const [files] = await Promise.all([writeImages(folder), makeSite(site, { model })]);
  const address = `${serve(context, join(folder, "www"), served)}lungs/`;
  const expected = await predictThere(context, model, files);

  const page = await context.page(address, { width: 1280, height: 900 });
  await ready(page);
  assert.match(await page.text(".predict-status"), /\d+ kernels proven on this adapter/);
  assert.match(await page.text(".predict-status"), /No image leaves this machine\. Not a medical device/);

  await page.waitForText("Works offline");
  const before = served.length;
  await page.offline(true);
  await page.dropFiles(".predict-drop", files);
  await predicted(page, "4 of 5 images predicted, 1 failed");
  await checkError(page);
  await checkFiles(page, expected);
  await checkControls(page);

  assert.deepEqual(served.slice(before), [], "requests after the page was loaded");

  // The second visit: everything comes from the service worker, and the verdicts of the first one are kept.
  await page.reload();
  await ready(page);
  assert.match(await page.text(".predict-line"), /at an earlier visit/);
  await page.setFiles("input[type=file]", files.slice(0, 1));
  await predicted(page, "1 of 1 image predicted");
  assert.deepEqual(await auditLooks(page), []);
  // Only the browser itself asks whether there is a new version, and for nothing else.
  const asked = served.slice(before).filter((path) => path !== "/lungs/service_worker.js");
  assert.deepEqual(asked, [], "requests of the second visit");
  await page.offline(false);
  page.takeIssues();

  await checkUpdate(page, site, model);
}

/** Images of all kinds, a damaged one in the middle. */
async function writeImages(folder: string): Promise<string[]> {
  const deep = deepPng(40, 24, (x, y) => x > 8 && x < 25 && y > 5 && y < 20 ? 60_000 : 2_000);
  const images: [string, Uint8Array][] = [
    ["one.png", await encodeRgbPng(bright(64, 48, [1, 1, 3, 3], [6, 6, 1, 1]))],
    ["empty.png", await encodeRgbPng(bright(32, 32))],
    ["damaged.png", (await encodeRgbPng(bright(64, 64, [2, 2, 3, 3]))).slice(0, 90)],
    ["deep.png", deep],
    [HOSTILE, await encodeRgbPng(bright(48, 80, [0, 2, 5, 3]))],
  ];
  await Deno.mkdir(join(folder, "in"));
  for (const [name, bytes] of images) await Deno.writeFile(join(folder, "in", name), bytes);
  return images.map(([name]) => join(folder, "in", name));
}

/** What `predict` writes for the same files. */
async function predictThere({ folder }: Context, model: string, files: readonly string[]) {
  const output = join(folder, "out");
  const coco = join(output, "predictions.json");
  const args = [...files, "--model", model, "--output", output, "--coco", coco, "--json"];
  const { stdout } = await runInProcess(predict(), args);
  const read = async (path: string) => new Uint8Array(await Deno.readFile(path));
  return { output, report: JSON.parse(stdout), read };
}

/** Serves a folder, and notes what is asked for. */
function serve(context: Context, folder: string, served: string[]): string {
  const files = context.serveFolder(folder);
  return context.serve((request) => {
    const { pathname } = new URL(request.url);
    served.push(pathname);
    return fetch(new URL(pathname, files));
  });
}

async function ready(page: BrowserPage): Promise<void> {
  await page.within(READY_MS, "a model that is ready", () => {
    if (document.querySelector(".error")) throw new Error(document.querySelector(".error")!.textContent!);
    return document.querySelector('.predict-line[data-state="ready"]') !== null;
  });
}

async function predicted(page: BrowserPage, counts: string): Promise<void> {
  await page.within(READY_MS, counts, (counts) => {
    const text = document.querySelector(".predict-counts")?.textContent;
    return text === counts && document.querySelector<HTMLProgressElement>(".predict-list progress")!.hidden;
  }, counts);
}

/** The damaged image says what is wrong with it, and which one it is; a name is never parsed. */
async function checkError(page: BrowserPage): Promise<void> {
  await page.click(".vt-row >> damaged");
  await page.waitFor(
    "the error of the damaged image",
    () =>
      /damaged\.png.*Cannot decode/s.test(document.querySelector(".predict-image .error")?.textContent ?? ""),
  );
  await page.click(".vt-row >> co.png");
  await page.waitFor(
    "the name as text",
    (name) => document.querySelector(".predict-title")?.textContent === name,
    HOSTILE,
  );
}

/** The zip of everything holds what `predict` wrote: the same COCO annotations, table, numbers and pixels. */
async function checkFiles(
  page: BrowserPage,
  { output, report, read }: Awaited<ReturnType<typeof predictThere>>,
): Promise<void> {
  const { name, path } = await page.download(() => page.click("button >> Everything as ZIP"));
  assert.equal(name, "predictions.zip");
  const zip = new Map(Object.entries(unzipSync(await read(path))));
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
  const parse = (bytes: Uint8Array | undefined) => JSON.parse(text(bytes));
  const there = async (name: string) => await read(join(output, name));

  for (const name of ["predictions_results.json", "predictions.json"]) {
    const [ours, theirs] = [text(zip.get(name)), text(await there(name))];
    // Only the adapter and the model's path differ, which are in the first line.
    assert.deepEqual(ours.split("\n").slice(1), theirs.split("\n").slice(1), name);
  }
  assert.equal(report.images.length, 4);
  for (const theirs of report.images) {
    const stem = theirs.image.split("/").pop().replace(/\.png$/, "");
    const { model, settings, image, ...ours } = parse(zip.get(`${stem}.json`));
    assert.equal(image, `${stem}.png`);
    assert.deepEqual([model.sha256, settings.threshold], [report.model.sha256, report.settings.threshold]);
    const { image: _, files: __, ...numbers } = theirs;
    closeTo(ours, numbers, stem);
    assert.deepEqual(ours.rle, numbers.rle, stem);
    for (const kind of ["mask", "probability"]) {
      const [mine, other] = await Promise.all([
        decodeImage(zip.get(`${stem}_${kind}.png`)!),
        there(`${stem}_${kind}.png`).then(decodeImage),
      ]);
      assert.deepEqual([mine.width, mine.height], [other.width, other.height]);
      assert.ok(
        mine.data.every((value, at) => Math.abs(value - other.data[at]!) <= (kind === "mask" ? 0 : 1)),
        stem,
      );
    }
    assert.ok(zip.has(`${stem}_overlay.png`));
  }
  // Rows of the table but for digits that adapters do not share, and the folder of the images.
  const rows = (bytes: Uint8Array | undefined) =>
    text(bytes).split("\r\n").map((row) => row.replace(/^[^,"]*\//, "").split(",").slice(0, -1).join(","));
  assert.deepEqual(rows(zip.get("summary.csv")), rows(await there("summary.csv")));
}

/** Numbers within 2e-6 of each other, everything else equal. */
function closeTo(ours: unknown, theirs: unknown, path: string): void {
  if (typeof ours === "number" && typeof theirs === "number") {
    assert.ok(Math.abs(ours - theirs) <= 2e-6, `${path}: ${ours}, there ${theirs}`);
  } else if (typeof ours === "object" && typeof theirs === "object" && ours !== null && theirs !== null) {
    assert.deepEqual(Object.keys(ours), Object.keys(theirs), path);
    for (const [key, value] of Object.entries(ours)) {
      closeTo(value, (theirs as Record<string, unknown>)[key], `${path}.${key}`);
    }
  } else assert.equal(ours, theirs, path);
}

/** By keys alone: another image, settings, a download of the shown image. */
async function checkControls(page: BrowserPage): Promise<void> {
  const area = () => page.evaluate(() => document.querySelector(".predict-numbers dd")!.textContent!);
  await page.evaluate(() => document.querySelector<HTMLElement>(".predict-list .vt")!.focus());
  await page.press("Home");
  await page.waitFor(
    "the first image",
    () => document.querySelector(".predict-title")?.textContent === "one.png",
  );
  await page.waitFor("the areas of all images in the list", () => {
    const texts = [...document.querySelectorAll(".predict-done")].map(({ textContent }) => textContent!);
    return texts.length === 4 && texts[0] === "480 px" && texts[1] === "nothing" &&
      !texts.includes("predicted");
  });
  assert.match(await area(), /^480 px \(15\.63 % of the image\)/);
  await page.evaluate(() =>
    document.querySelector<HTMLElement>(".predict-settings input[type=range]")!.focus()
  );
  await page.press("End");
  await page.waitFor(
    "a threshold of 1",
    () => /^0 px/.test(document.querySelector(".predict-numbers dd")!.textContent!),
  );
  await page.press("Tab", " ");
  await page.waitFor(
    "the model's own threshold",
    () => /^480/.test(document.querySelector(".predict-numbers dd")!.textContent!),
  );
  await page.press("Tab");
  await page.type("100");
  await page.press("Tab", "Tab");
  await page.type("0.5,2");
  await page.waitFor(
    "one lesion, in square millimeters",
    () => /^432 px, 432 mm²/.test(document.querySelector(".predict-numbers dd")!.textContent!),
  );
  await page.type(",");
  await page.waitForText("Expected millimeters per pixel");
  await page.click("button >> Reset");
  await page.waitFor(
    "the settings at first",
    () => /^480 px \(/.test(document.querySelector(".predict-numbers dd")!.textContent!),
  );

  await page.evaluate(() => document.querySelector<HTMLElement>(".predict-pictures input")!.focus());
  await page.press("ArrowRight", "ArrowRight", "ArrowRight");
  await page.waitFor("the scale of probabilities", () => document.querySelector(".predict-scale") !== null);
  await page.evaluate(() => document.querySelector<HTMLElement>(".predict-downloads button")!.focus());
  const { name, path } = await page.download(() => page.press("Enter"));
  assert.equal(name, "one_mask.png");
  const { data } = await decodeImage(await Deno.readFile(path));
  assert.equal(data.reduce((sum, value) => sum + value, 0) / 255 / 3, 480);

  await page.click('[aria-label="Remove one.png"]');
  await predicted(page, "3 of 4 images predicted, 1 failed");
  assert.equal(await page.text(".predict-title"), "empty.png");
}

/** A new version is offered when it is there as a whole, and replaces the old one as a whole. */
async function checkUpdate(page: BrowserPage, site: string, model: string): Promise<void> {
  await Deno.writeFile(model, spotModel({ epoch: 8 }));
  const { version } = await makeSite(site, { model, title: "The next version" });
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.getRegistration())!.update();
  });
  await page.waitForText("A new version of this page is ready");
  assert.notEqual(await page.evaluate(() => document.title), "The next version");
  await page.click("button >> Load it");
  await page.waitFor("the next version", () => document.title === "The next version");
  await ready(page);
  const names = await page.waitFor("one cache", async () => {
    const names = await caches.keys();
    return names.length === 1 ? names : null;
  });
  assert.ok(names[0]!.endsWith(version), names[0]);
}

async function testInsecure(context: Context): Promise<void> {
  const model = join(context.folder, "model.safetensors");
  await Deno.writeFile(model, spotModel());
  const site = join(context.folder, "site");
  await makeSite(site, { model });
  const page = await context.page("about:blank");
  await answerAs(page, "http://clinic.test/", context.serveFolder(site));
  await page.goto("http://clinic.test/");
  await page.waitFor("the reason", () => document.querySelector(".error") !== null);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  assert.match(
    await page.text(".error"),
    /only to pages from HTTPS or from this machine.*What to do: .*https:\/\//s,
  );
}

/** Answers what a page asks of a host that does not exist by that of a server here. */
async function answerAs({ session }: BrowserPage, host: string, server: string): Promise<void> {
  session.on("Fetch.requestPaused", async ({ requestId, request }) => {
    const response = await fetch(request.url.replace(host, server));
    await session.send("Fetch.fulfillRequest", {
      requestId,
      responseCode: response.status,
      responseHeaders: [{ name: "content-type", value: response.headers.get("content-type") ?? "" }],
      body: new Uint8Array(await response.arrayBuffer()).toBase64(),
    });
  });
  await session.send("Fetch.enable", { patterns: [{ urlPattern: `${host}*` }] });
}

async function testBoard(context: Context): Promise<void> {
  const model = join(context.folder, "classes.safetensors");
  await Deno.writeFile(model, packModel(spotClasses()));
  const { address } = await context.board({ model });
  const page = await context.page(`${address}#/predict/given`);
  await ready(page);
  const options = await page.evaluate(() =>
    [...document.querySelectorAll("select option")].map(({ textContent }) => textContent)
  );
  assert.match(options[0]!, /^classes/);
  assert.ok(options.length >= 2);
  const image = join(context.folder, "image.png");
  await Deno.writeFile(image, await encodeRgbPng(bright(64, 64, [0, 0, 4, 4])));
  await page.setFiles("input[type=file]", [image]);
  await predicted(page, "1 of 1 image predicted");
  await page.waitFor(
    "a row per class",
    () => document.querySelectorAll(".predict-numbers tbody tr").length === 2,
  );
  assert.match(await page.text(".predict-numbers table"), /gray\s+124 px\s.*white\s+900 px/s);
  assert.match(await page.text(".predict-settings"), /Most probable class/);
  const { name } = await page.download(() => page.click("button >> Mask PNG"));
  assert.equal(name, "image_mask.png");
}
