/** Runs each script in examples/ with the command that its head gives, from an empty folder. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { decodeRle, type Rle } from "../../src/coco/rle.ts";
import { grayToRgb } from "../../src/image/draw.ts";
import { encodeJpeg } from "../../src/image/encode.ts";
import { readImageSize } from "../../src/image/header.ts";
import { drawPhantomSlice } from "../../src/phantom/slice.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { projectFiles, readProject, ROOT } from "./files.ts";

const EXAMPLES = projectFiles(".ts").filter((path) => path.startsWith("examples/"));

/** The flags of `deno run` in the command that a script's head gives. */
function flagsOf(path: string): string[] {
  const [, flags] =
    new RegExp(`^ \\*     deno run ((?:--[\\w=.-]+ )+)${path}`, "m").exec(readProject(path)) ??
      assert.fail(`${path}: no command in its head`);
  return flags!.trim().split(" ");
}

/** Runs a script in `folder` and returns its standard output. */
async function run(path: string, folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "--cached-only", "--no-prompt", ...flagsOf(path), join(ROOT, path), ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, errors);
  return text!;
}

Deno.test("examples: each is run below; what they import for the browser runs in tests/browser, too", () => {
  assert.deepEqual(EXAMPLES.map((path) => basename(path)), [
    "annotations_to_rle.ts",
    "predict_image.ts",
    "train_in_browser.ts",
    "train_in_browser_page.ts",
    "train_in_browser_steps.ts",
    "train_on_phantoms.ts",
  ]);
});

Deno.test("train_in_browser.ts: serves a page, its script, and the losses of ten steps in Deno", async () => {
  const path = "examples/train_in_browser.ts";
  const child = new Deno.Command("deno", {
    // Not only what is cached: Deno may have to fetch its bundler.
    args: ["run", "-q", "--no-prompt", ...flagsOf(path), join(ROOT, path)],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const { value: line } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    const address = /^open (http:\/\/127\.0\.0\.1:\d+\/) in a browser/.exec(line!)![1]!;
    assert.match(await (await fetch(address)).text(), /<script type="module" src="train_in_browser\.js">/);
    assert.match(await (await fetch(`${address}train_in_browser.js`)).text(), /@compute/);
    const losses: number[] = await (await fetch(`${address}deno.json`)).json();
    assert.equal(losses.length, 10);
    assert.ok(losses[9]! < losses[0]! - 0.05, losses.join());
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended, and the error above says why.
    }
    await child.status;
  }
});

Deno.test("train_on_phantoms.ts: lowers the loss and saves a model, with which predict_image.ts writes a mask", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "predictions"));
    const trained = await run("examples/train_on_phantoms.ts", folder, "predictions/tiny.safetensors");
    const losses = [...trained.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    assert.ok(losses.length > 1 && losses.at(-1)! < losses[0]!, trained);

    const { image } = drawPhantomSlice(1, 80);
    await Deno.writeFile(join(folder, "image.jpg"), await encodeJpeg(grayToRgb(image), 90));
    const files = ["predictions/tiny.safetensors", "image.jpg", "predictions/mask.png"];
    const predicted = await run("examples/predict_image.ts", folder, ...files);
    assert.match(predicted, /^\d+ foreground pixels in \d+ components; wrote predictions\/mask\.png$/m);
    const { width, height } = readImageSize(await Deno.readFile(join(folder, files[2]!)));
    assert.deepEqual([width, height], [80, 80]);
  }));

Deno.test("annotations_to_rle.ts: prints the masks that COCO's own code rasterizes", () =>
  inTempFolder(async (folder) => {
    const fixtures = join(ROOT, "tests/fixtures/coco");
    const output = await run("examples/annotations_to_rle.ts", folder, `${fixtures}/_annotations.coco.json`);
    const printed = new Map(
      output.trim().split("\n").map((line) => JSON.parse(line) as { id: number; area: number; rle: Rle })
        .map((entry) => [entry.id, entry]),
    );
    const { images } = JSON.parse(await Deno.readTextFile(`${fixtures}/expected.json`)) as {
      images: { id: number; pixels: number }[];
    };
    assert.ok(images.length > 10);
    for (const { id, pixels } of images) {
      const { area, rle } = printed.get(id)!;
      assert.equal(area, pixels, `image ${id}`);
      assert.equal(decodeRle(rle).data.filter((value) => value === 1).length, pixels);
    }
  }));
