/** Modules that say they are browser compatible are type-checked as such, and a bundle of what predicts is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readGraph } from "../support/module_graph.ts";
import { runDeno } from "../support/run_task.ts";
import { bright, spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { projectFiles, readConfiguration, readProject, ROOT } from "./files.ts";

/** Modules that a page needs, and everything that is added to their rooms. */
const BROWSER_ROOMS = [
  /^(kernels|src\/(gpu|graph|layers|unet|self_test))\//,
  /^src\/image\/(image|mask|label_map|resize|normalize|draw|components)\.ts$/,
  /^src\/page\/(app|api)\//,
  /^src\/weights\/(?!torch_writer)/,
  /^src\/(coco\/rle|prediction\/(postprocess|predictor)|entries\/(browser|network|prediction)|math|random|tensor|bytes)\.ts$/,
];

const isCode = (path: string) => path.endsWith(".ts") && /^(kernels|src)\//.test(path);
const declares = (path: string) => readProject(path).includes("This module is browser compatible.");
const declaring = projectFiles(".ts").filter((path) => isCode(path) && declares(path));

Deno.test("browser: every module of the rooms that a page needs says that it is browser compatible", () => {
  const needed = projectFiles(".ts").filter((path) => BROWSER_ROOMS.some((room) => room.test(path)));
  assert.ok(needed.length > 90);
  assert.deepEqual(needed.filter((path) => !declaring.includes(path)), []);
});

Deno.test("browser: modules that say so import only modules that do, and texts", async () => {
  const { edges } = await readGraph();
  const foreign = edges.filter(({ from, to }) =>
    declaring.includes(from) && !declaring.includes(to) && !/\.(wgsl|css|html|base64)$/.test(to)
  );
  assert.deepEqual(foreign.map(({ from, to }) => `${from} -> ${to}`), []);
});

Deno.test("browser: modules that say so have no type errors without Deno's types", () =>
  inTempFolder(async (folder) => {
    assert.deepEqual(await checkTypes(folder, declaring.map((path) => join(ROOT, path))), []);
  }));

Deno.test("browser: what only Deno or Node has is a type error", () =>
  inTempFolder(async (folder) => {
    const modules = ["export const a = Deno.build.os;\n", "export const b: Buffer | null = null;\n"];
    const paths = modules.map((_, index) => join(folder, `${index}.ts`));
    for (const [index, text] of modules.entries()) await Deno.writeTextFile(paths[index]!, text);
    const errors = (await checkTypes(folder, paths)).join("\n");
    for (const name of ["Deno", "Buffer"]) assert.match(errors, new RegExp(`Cannot find name '${name}'`));
  }));

Deno.test("browser: a bundle that predicts names neither Deno nor Node, and finds the foreground without them", () =>
  inTempFolder(async (folder) => {
    const entry = pathToFileURL(join(ROOT, "src/entries/browser.ts")).href;
    const image = bright(32, 32, [2, 2, 4, 4]);
    await Deno.writeTextFile(
      join(folder, "page.ts"),
      `import { decodeRle, openGpu, Predictor, readModel, segment } from ${JSON.stringify(entry)};
const model = await readModel(Uint8Array.fromBase64("${spotModel().toBase64()}"));
const image = { width: 32, height: 32, data: Uint8Array.fromBase64("${image.data.toBase64()}") };
const gpu = await openGpu();
const predictor = await Predictor.create(gpu, model);
const [probabilities] = await predictor.predict([image]);
const { mask, summary } = segment(probabilities!, image);
const { data } = decodeRle({ size: [32, 32], counts: summary.rle.counts });
console.log(JSON.stringify([summary.area, summary.box, data.every((value, at) => value === mask.data[at])]));
gpu.close();
`,
    );
    const args = ["bundle", "-q", "--platform=browser", "--output", "page.js", "page.ts"];
    const bundled = await runDeno(args, { cwd: folder });
    assert.equal(bundled.code, 0, bundled.stderr);
    const bundle = await Deno.readTextFile(join(folder, "page.js"));
    assert.ok(bundle.includes("@compute"), "no kernel is in it");
    assert.deepEqual(bundle.match(/(\bDeno\.|\bnode:|\bimport\().{0,40}/g), null);

    // What a browser lacks is gone before the bundle is loaded.
    const without = `for (const name of ["Deno", "process", "Buffer", "global"]) delete globalThis[name];\n` +
      'await import("./page.js");\n';
    await Deno.writeTextFile(join(folder, "run.js"), without);
    const { code, stdout, stderr } = await runDeno(["run", "-q", "--no-prompt", "run.js"], { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), [256, { x: 8, y: 8, width: 16, height: 16 }, true]);
  }));

/** Type-checks modules as a browser's, and returns the lines with errors. */
async function checkTypes(folder: string, modules: readonly string[]): Promise<string[]> {
  const { lib: _, ...options } = readConfiguration().compilerOptions;
  const compilerOptions = { ...options, lib: ["dom", "dom.iterable", "esnext"] };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ compilerOptions }));
  const flags = pathToFileURL(join(ROOT, "tests/support/webgpu_flags.d.ts")).href;
  const entry = `/// <reference types="${flags}" />\n` +
    modules.map((path) => `import ${JSON.stringify(pathToFileURL(path).href)};\n`).join("");
  await Deno.writeTextFile(join(folder, "all.ts"), entry);
  const { code, stderr } = await runDeno(["check", "-q", "all.ts"], { cwd: folder });
  const lines = stderr.split("\n");
  assert.equal(code === 0, lines.join("").trim() === "", lines.join("\n"));
  return lines.filter((line) => /^TS|^\s+at |^error/.test(line));
}
