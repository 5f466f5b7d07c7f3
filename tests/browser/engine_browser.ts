/** The prediction engine in the browser: Deno's numbers, from pixels and files, and what it does if a GPU misbehaves. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { RgbImage } from "../../src/image/image.ts";
import { encodeRgbPng } from "../../src/image/encode.ts";
import { decodeSamples } from "../../src/image/decode.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { bundle } from "../../src/page/bundle.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { segment } from "../../src/prediction/postprocess.ts";
import { type ModelDescription, packModel, readModel } from "../../src/unet/model_format.ts";
import { ROOT } from "../project/files.ts";
import { deepPng, floatTiff } from "../support/deep_images.ts";
import type { BrowserCase, Context } from "./context.ts";
import type { EngineHarness } from "./engine_page.ts";
import type { BrowserPage } from "./page.ts";
import { trainSteps } from "../../examples/train_in_browser_steps.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };

declare const harness: EngineHarness;

/** Largest difference of a probability between the runtimes. */
const LIMIT = 2e-6;

const MODEL = join(ROOT, "tests/fixtures/phantom_model/model.safetensors");

const scripts = {
  "predict_worker.js": "app/predict/predict_worker.ts",
  "engine_page.js": "../../tests/browser/engine_page.ts",
};

/** Opens a page with the harness; `prelude` runs in the Worker before its script. */
async function openPage(
  context: Context,
  prelude = "",
  models: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {},
): Promise<BrowserPage> {
  const files = await (bundled ??= bundle(scripts));
  const model = await Deno.readFile(MODEL);
  const address = context.serve((request) => {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "model.safetensors") return new Response(model);
    if (Object.hasOwn(models, name)) return new Response(models[name]);
    if (name === "truncated.safetensors") return new Response(model.slice(0, 5000));
    const script = files.get(name);
    if (script !== undefined) {
      const before = name === "predict_worker.js" ? prelude : "";
      return new Response(new Blob([before, script]), { headers: { "content-type": "text/javascript" } });
    }
    const page = '<!doctype html><title>Engine</title><link rel="icon" href="data:,">' +
      '<script type="module" src="engine_page.js"></script>';
    return new Response(page, { headers: { "content-type": "text/html" } });
  });
  const page = await context.page(address);
  await page.waitFor("the page's script", () => "harness" in globalThis);
  return page;
}

let bundled: ReturnType<typeof bundle> | undefined;

const open = (page: BrowserPage, name: string, model = "model.safetensors") =>
  page.evaluate((name, model) => harness.open(name, { model }), name, model);

/** An image with a bright disk, of any size. */
function disk(width: number, height: number): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width / width - 0.4, Math.floor(i / width) / height - 0.55];
    const value = x * x + y * y < 0.03 ? 190 : 60 + 20 * Math.sin(9 * x) * Math.cos(7 * y);
    data.fill(value + i * 7919 % 11, 3 * i, 3 * i + 3);
  }
  return { width, height, data };
}

/** A file of the fixtures. */
const fixture = (name: string) => Uint8Array.fromBase64(fixtures.find((one) => one.name === name)!.file);

/** Deno's predictor of the same model. */
async function withPredictor<T>(use: (predictor: Predictor, gpu: Gpu) => Promise<T>): Promise<T> {
  const gpu = await openDevice();
  try {
    const model = await readModel(await Deno.readFile(MODEL));
    return await use(await Predictor.create(gpu, model), gpu);
  } finally {
    gpu.close();
  }
}

const floats = (base64: string) => new Float32Array(Uint8Array.fromBase64(base64).buffer);

/** Predicts a file, or pixels, in both runtimes, and compares; the result is the largest difference. */
async function compare(
  predictor: Predictor,
  page: BrowserPage,
  name: string,
  source: Uint8Array | RgbImage,
  engine = "first",
): Promise<number> {
  const image = source instanceof Uint8Array ? (await decodeSamples(source)).raster : source;
  const [expected] = await predictor.predict([image]);
  const size = source instanceof Uint8Array ? null : { width: source.width, height: source.height };
  const bytes = source instanceof Uint8Array ? source : source.data;
  const found = await page.evaluate(
    (engine, bytes, size) => harness.predict(engine, bytes, size),
    engine,
    bytes.toBase64(),
    size,
  );
  const [only] = found.classes;
  const probabilities = floats(only!.probabilities);
  assert.equal(probabilities.length, expected!.data.length, name);
  const worst = expected!.data.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - probabilities[at]!)),
    0,
  );
  assert.ok(worst <= LIMIT, `${name}: probabilities differ by ${worst}`);
  const { summary } = segment(expected!, image, { threshold: predictor.description.threshold });
  assert.deepEqual(only!.summary.rle, summary.rle, `${name}: RLE`);
  assert.equal(only!.summary.area, summary.area);
  assert.deepEqual(only!.summary.box, summary.box);
  assert.equal(only!.summary.lesions.length, summary.lesions.length);
  assert.equal(found.decodedBy.decoder, size === null ? "own" : "pixels", name);
  return worst;
}

/** Makes the kernels of some labels wrong, or not compile. */
const BREAK_KERNELS = `{
  const create = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function ({ label, code }) {
    if (label === "conv2d/im2col") code = code.replaceAll("  columns[", "  columns[0u * ");
    if (label === "conv2d/winograd4_weight") code += "this is no WGSL";
    return create.call(this, { label, code });
  };
}
`;

/** What our decoders leave out, the browser decodes; damaged files are refused. */
async function decodeOthers(page: BrowserPage): Promise<void> {
  const decode = (bytes: Uint8Array) =>
    page.evaluate(async (bytes) => {
      try {
        const { image, decodedBy, notes } = await harness.predict("first", bytes, null);
        return { rgb: image.rgb, decoder: decodedBy.decoder, notes: notes.map(({ message }) => message) };
      } catch (error) {
        return { error: `${(error as Error).name}: ${(error as Error).message}` };
      }
    }, bytes.toBase64());
  for (const name of ["JPEG RGB 4:2:0 progressive", "WebP lossless", "BMP RGB", "WebP lossy"]) {
    const { rgb, decoder } = await decode(fixture(name));
    assert.equal(decoder, "browser", name);
    const expected = Uint8Array.fromBase64(fixtures.find((one) => one.name === name)!.rgb);
    const found = Uint8Array.fromBase64(rgb!);
    const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
    assert.ok(
      found.length === expected.length && worst <= (name.endsWith("less") ? 0 : 8),
      `${name}: ${worst}`,
    );
  }
  const { notes } = await decode(fixture("WebP lossless RGBA"));
  assert.match(notes!.join(), /transparent pixels/);
  const png = await encodeRgbPng(disk(40, 40));
  assert.match(
    (await decode(png.subarray(0, png.length - 30))).error!,
    /^SyntaxError: Cannot decode the PNG/,
  );
  const jpeg = fixture("JPEG RGB 4:2:0 progressive");
  assert.match((await decode(jpeg.subarray(0, jpeg.length - 30))).error!, /^SyntaxError: .*truncated/);
  assert.match((await decode(new TextEncoder().encode("%PDF-1.7 text"))).error!, /a PDF\nhint:/);
}

/** Serves the example that trains, with the losses in Deno. */
async function openExample(context: Context, losses: readonly number[]): Promise<BrowserPage> {
  const name = "train_in_browser.js";
  const script = (await bundle({ [name]: "../../examples/train_in_browser_page.ts" })).get(name)!;
  const html = await Deno.readTextFile(join(ROOT, "examples/train_in_browser.html"));
  const answers: Record<string, [type: string, content: string | Uint8Array<ArrayBuffer>]> = {
    "/": ["text/html", html],
    [`/${name}`]: ["text/javascript", script],
    "/deno.json": ["application/json", JSON.stringify(losses)],
  };
  return await context.page(context.serve((request) => {
    const [type, content] = answers[new URL(request.url).pathname]!;
    return new Response(content, { headers: { "content-type": type } });
  }));
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "engine: pixels and files give Deno's probabilities and masks, offline; damaged ones are refused",
    async run(context) {
      const page = await openPage(context);
      const state = await open(page, "first");
      assert.ok(state.selfTests.length > 10 && state.selfTests.every(({ passed }) => passed));
      assert.equal(state.model.sha256?.length, 64);
      // Its subgroups have 4 invocations, and its compiler wants them enabled in the text.
      if (/swiftshader/.test(state.adapter.description)) {
        assert.equal(state.variants["product/low"], "nn_subgroup4");
      }
      page.takeRequests();
      await page.offline(true);
      const square = disk(96, 96);
      const sources: [name: string, source: Uint8Array | RgbImage][] = [
        ["pixels", square],
        ["pixels of another shape", disk(131, 77)],
        ["PNG", await encodeRgbPng(square)],
        [
          "PNG of 16 bits",
          deepPng(70, 60, (x, y) => 300 * ((x - 30) ** 2 + (y - 20) ** 2 < 200 ? 90 : 20) + x),
        ],
        [
          "TIFF of floats",
          floatTiff(70, 60, (x, y) => (x - 30) ** 2 + (y - 20) ** 2 < 200 ? 0.8 : 0.1 + x / 500),
        ],
        ...[
          "JPEG RGB",
          "JPEG gray",
          "JPEG orientation 6",
          "PNG orientation 6",
          "PNG palette",
          "PNG RGBA",
          "TIFF gray 16 bits, big-endian",
          "GIF palette",
        ]
          .map((name): [string, Uint8Array] => [name, fixture(name)]),
      ];
      await withPredictor(async (predictor) => {
        for (const [name, source] of sources) await compare(predictor, page, name, source);
        const { classes: [found] } = await page.evaluate(
          (bytes, size) => harness.predict("first", bytes, size, { threshold: 0.01, minArea: 4 }),
          square.data.toBase64(),
          { width: 96, height: 96 },
        );
        const [map] = await predictor.predict([square]);
        const { summary: { area } } = segment(map!, square, { threshold: 0.01, minArea: 4 });
        assert.ok(area > 0);
        assert.equal(found!.summary.area, area);
      });
      await decodeOthers(page);
      assert.deepEqual(page.takeRequests(), []);
      await page.offline(false);
      const failed = await page.evaluate(() =>
        harness.open("second", { model: "truncated.safetensors" }).catch((error) =>
          `${error.name}: ${error.message}`
        )
      );
      assert.match(`${failed}`, /^SyntaxError: Cannot read safetensors/);
    },
  },
  {
    name: "engine: windows of images of any size, and padded images, give Deno's probabilities and masks",
    async run(context) {
      const { state, description } = await readModel(await Deno.readFile(MODEL));
      const inputs: Record<string, Partial<ModelDescription>> = {
        windows: { patch: description.size },
        scaled: { patch: description.size, scale: 0.75 },
        padded: { size: 128, height: 64, fit: "pad" },
      };
      const models = Object.fromEntries(
        Object.entries(inputs).map(([name, input]) => {
          const bytes = packModel({ state, description: { ...description, ...input } });
          return [`${name}.safetensors`, new Uint8Array(bytes)];
        }),
      );
      const page = await openPage(context, "", models);
      await withPredictor(async (_, gpu) => {
        for (const [name, input] of Object.entries(inputs)) {
          const { model, selfTests } = await open(page, name, `${name}.safetensors`);
          for (const [key, value] of Object.entries(input)) {
            assert.equal(model.description[key as keyof ModelDescription], value, name);
          }
          assert.equal(selfTests.some(({ kernel }) => kernel === "windows/accumulate"), "patch" in input);
          const predictor = await Predictor.create(gpu, await readModel(models[`${name}.safetensors`]!));
          for (const image of [disk(150, 110), disk(50, 97), await encodeRgbPng(disk(64, 64))]) {
            await compare(predictor, page, name, image, name);
          }
          predictor.close();
          await page.evaluate((name) => harness.engines.get(name)!.close(), name);
        }
      });
    },
  },
  {
    name:
      "engine: a wrong kernel is replaced by the next, verdicts are kept, and a lost device is opened again",
    async run(context) {
      const page = await openPage(context, BREAK_KERNELS);
      const state = await open(page, "first");
      const refused = Object.fromEntries(state.refused.map(({ variant, reason }) => [variant, reason]));
      assert.deepEqual(Object.keys(refused).sort(), ["im2col", "winograd4"]);
      assert.match(refused.winograd4!, /Cannot compile kernel "conv2d\/winograd4_weight"/);
      assert.match(refused.im2col!, /an error of/);
      assert.equal(state.variants["conv3x3/few"], "winograd2");
      await withPredictor(async (predictor) => {
        await compare(predictor, page, "with other variants", disk(96, 96));
        const again = await open(page, "second");
        assert.ok(again.selfTests.every(({ remembered }) => remembered));
        assert.deepEqual(again.variants, state.variants);
        const stopped = await page.evaluate(async () => {
          const control = new AbortController();
          const image = { width: 40, height: 40, data: new Uint8Array(4800) };
          const pending = harness.engines.get("second")!.predict(image, { signal: control.signal });
          control.abort(new Error("stopped"));
          const message = await pending.catch((error) => error.message);
          harness.engines.get("second")!.close();
          return message;
        });
        assert.equal(stopped, "stopped");
        await page.evaluate(() => harness.engines.get("first")!.loseDevice());
        await page.waitFor("the report of the loss", () => harness.events.length > 0);
        await compare(predictor, page, "after a loss", disk(96, 96));
      });
      const { kinds, reopened } = await page.evaluate(() => ({
        kinds: harness.events.map(({ kind }) => kind),
        reopened: harness.engines.get("first")!.state.reopened,
      }));
      assert.deepEqual(kinds, ["lost", "reopened"]);
      assert.equal(reopened, 1);
    },
  },
  {
    name: "engine: without an adapter it says how to get one",
    async run(context) {
      const preludes = {
        "does not offer WebGPU here": 'Object.defineProperty(navigator, "gpu", { value: undefined });',
        "finds no usable GPU here": "GPU.prototype.requestAdapter = () => Promise.resolve(null);",
      };
      for (const [why, prelude] of Object.entries(preludes)) {
        const page = await openPage(context, prelude);
        const message = await page.evaluate(() =>
          harness.open("first", { model: "model.safetensors" }).catch((error) => error.message)
        );
        assert.ok(`${message}`.includes(why), `${message}`);
        assert.match(`${message}`, /\nhint: .*enable-unsafe-webgpu/);
      }
    },
  },
  {
    name: "train_in_browser.html: ten steps lower the loss by Deno's digits",
    async run(context) {
      const expected: number[] = [];
      const gpu = await openDevice();
      await trainSteps(gpu, (loss) => expected.push(loss)).finally(() => gpu.close());
      const page = await openExample(context, expected);
      await page.within(40_000, "the last step", () => /^(Done|Cannot)/m.test(document.body.innerText));
      const rows = await page.evaluate(() =>
        Array.from(
          document.querySelectorAll("tbody tr"),
          (row) => Array.from(row.children, (cell) => Number(cell.textContent)),
        )
      );
      assert.equal(rows.length, 10, await page.text("#status"));
      const losses = rows.map(([, loss]) => loss!);
      assert.ok(losses[9]! < losses[0]! - 0.05);
      // The first step has equal weights. Adam divides each gradient by its own size: where that is near zero, a last
      // digit that the runtimes round differently turns a whole step of a weight around.
      const differences = losses.map((loss, step) => Math.abs(loss - expected[step]!));
      assert.ok(differences[0]! < 1e-6 && Math.max(...differences) < 5e-4, differences.join());
    },
  },
];
