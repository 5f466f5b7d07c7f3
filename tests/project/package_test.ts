/** The project as a package: what is published, and how another project uses it, with and without a network. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runDeno } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { readConfiguration, ROOT } from "./files.ts";

/** A program of another project: it names this one as its deno.json does. */
const PROGRAM = `import { encodeRle, readCoco } from "unet/coco";
import { readTorchCheckpoint, writeTorchCheckpoint } from "unet/weights";
import { openGpu, Trainer, UNet } from "unet/train";
import { decodeImage, encodeRgbPng, Predictor, segment } from "unet/predict";
import { maskMetrics } from "unet";

const dataset = readCoco(JSON.stringify({
  images: [{ id: 1, file_name: "a.png", width: 4, height: 4 }],
  categories: [{ id: 1, name: "lesion" }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[1, 1, 3, 1, 3, 3, 1, 3]] }],
}));
const mask = dataset.mask(1);
const gpu = await openGpu();
const unet = await UNet.create(gpu, { filters: 1 }, { seed: 1 });
const trainer = await Trainer.create(unet);
const images = { shape: [1, 3, 32, 32], data: new Float32Array(3 * 32 * 32).fill(0.5) };
const { loss } = await trainer.step(images, { shape: [1, 1, 32, 32], data: new Float32Array(32 * 32) });
const state = await readTorchCheckpoint(writeTorchCheckpoint(await unet.stateDict()));
const description = { network: unet.config, size: 32, normalize: "imagenet", threshold: 0.5 } as const;
const predictor = await Predictor.create(gpu, { state, description });
const image = await decodeImage(await encodeRgbPng({ width: 4, height: 4, data: new Uint8Array(48) }));
const [probabilities] = await predictor.predict([image]);
const found = segment(probabilities!, image).mask;
console.log(JSON.stringify([encodeRle(mask).counts, loss > 0, maskMetrics(found, mask).accuracy! >= 0]));
gpu.close();
`;

const PRINTED = '["52203",true,true]\n';

/** Makes a project whose deno.json maps `unet` to this one, and the packages as this one does. */
async function makeProject(folder: string, checkout: string): Promise<void> {
  const { exports, imports } = readConfiguration();
  const entries = Object.entries(exports).map(([name, path]) => [
    `unet${name.slice(1)}`,
    pathToFileURL(join(checkout, path)).href,
  ]);
  const configuration = { nodeModulesDir: "none", imports: { ...Object.fromEntries(entries), ...imports } };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(configuration));
  // Without it Deno asks the registry for the versions that packages need, which a new cache does not hold.
  await Deno.copyFile(join(checkout, "deno.lock"), join(folder, "deno.lock"));
  await Deno.writeTextFile(join(folder, "program.ts"), PROGRAM);
}

Deno.test("package: holds the library, and neither tests nor what only the checkout needs", async () => {
  const { code, stderr } = await runDeno(["publish", "--dry-run", "--allow-dirty", "--no-check"]);
  assert.equal(code, 0, stderr);
  const base = `${pathToFileURL(ROOT).href}/`;
  const files = [...stderr.matchAll(/(file:\S+) \([\d.]+\w+\)/g)].map(([, url]) => url!.slice(base.length));
  assert.ok(files.includes("mod.ts") && files.includes("kernels/loss/loss.ts"), stderr);
  for (const path of Object.values(readConfiguration().exports)) {
    assert.ok(files.includes(path.slice(2)), path);
  }
  const outside = files.filter((path) =>
    !/^(kernels|src)\/|^(mod\.ts|deno\.json|LICENSE|\w+\.md)$/.test(path)
  );
  assert.deepEqual(outside, []);
});

Deno.test("package: another project imports every entry by its name, and predicts with permission to read", () =>
  inTempFolder(async (folder) => {
    await makeProject(folder, ROOT);
    const args = [
      "run",
      "-q",
      "--no-prompt",
      "--cached-only",
      `--allow-read=${ROOT}`,
      "program.ts",
    ];
    const { stdout, stderr } = await runDeno(args, { cwd: folder });
    assert.equal(stdout, PRINTED, stderr);
  }));

Deno.test("package: with Deno's cache in another folder it runs without a network", () =>
  inTempFolder(async (folder) => {
    await makeProject(folder, ROOT);
    const args = ["run", "-q", "--no-prompt", "--cached-only", `--allow-read=${ROOT}`, "program.ts"];
    // Nothing listens there, so what is not in the cache cannot be fetched.
    const offline = { HTTPS_PROXY: "http://127.0.0.1:9", DENO_DIR: join(folder, "cache") };
    const empty = await runDeno(args, { cwd: folder, env: offline });
    assert.equal(empty.code, 1);
    assert.match(empty.stderr, /npm package not found in cache/);

    const { denoDir } = JSON.parse((await runDeno(["info", "--json"])).stdout);
    const cp = await new Deno.Command("sh", {
      args: ["-c", 'cp -R "$1" "$2"', "sh", join(denoDir, "npm"), offline.DENO_DIR],
    }).output();
    assert.equal(cp.code, 0, new TextDecoder().decode(cp.stderr));
    const { stdout, stderr } = await runDeno(args, { cwd: folder, env: offline });
    assert.equal(stdout, PRINTED, stderr);
  }));
