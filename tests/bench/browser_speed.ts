/**
 * How long a prediction takes in Chromium and in Deno, in turns: on Deno's own adapter, and on the software adapter that
 * Chromium brings along, where both run the same driver. 256 px, 32 filters, warm; seconds of the clock and of the CPU,
 * which other work on the machine hardly changes.
 *
 *     deno run --unstable-bundle --allow-read --allow-write --allow-net=127.0.0.1 --allow-run --allow-sys tests/bench/browser_speed.ts
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { writeStdout } from "../../src/cli/task.ts";
import { bundle } from "../../src/page/bundle.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { openVerifiedGpu } from "../../src/self_test/open_verified.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { packModel, readModel } from "../../src/unet/model_format.ts";
import { blockToState, initialBlock, parameterTable } from "../../src/unet/parameters.ts";
import { Browser } from "../browser/driver.ts";
import type { EngineHarness } from "../browser/engine_page.ts";

declare const harness: EngineHarness;

/** Where Debian's package puts the driver of Chromium's software adapter. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

const SIZE = 256;

/** Seconds of one prediction. */
interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

/** Something that predicts. */
interface Runner {
  readonly name: string;
  predict(): Promise<Sample>;
  close(): Promise<unknown>;
}

/** The same model everywhere, of random weights. */
function model(): Uint8Array<ArrayBuffer> {
  const network = completeConfig({ filters: 32 });
  const table = parameterTable(network);
  const description = { network, size: SIZE, normalize: "imagenet", threshold: 0.5 } as const;
  return packModel({ state: blockToState(table, initialBlock(table, 1)), description }) as Uint8Array<
    ArrayBuffer
  >;
}

const PIXELS = Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, index) => index * 7919 >> 3);

/** Seconds of CPU that a process has used, all threads together. */
function cpuSeconds(id: number): number {
  // Reading /proc in this process would take all permissions.
  const fields = output("cat", `/proc/${id}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What a program prints. */
function output(name: string, ...args: string[]): string {
  return new TextDecoder().decode(new Deno.Command(name, { args }).outputSync().stdout);
}

/** Predicts once for every line of its input; a process of its own, since a driver is chosen when it starts. */
async function runChild(): Promise<void> {
  const gpu = await openVerifiedGpu();
  const predictor = await Predictor.create(gpu, await readModel(model()));
  const image = { width: SIZE, height: SIZE, data: PIXELS };
  await predictor.predict([image]);
  writeStdout(`${gpu.adapter.description}\n`);
  for await (const _ of Deno.stdin.readable) {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    await predictor.predict([image]);
    const { user, system } = process.cpuUsage(cpu);
    const sample = { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
    writeStdout(`${JSON.stringify(sample)}\n`);
  }
  gpu.close();
}

async function startDeno(env: Record<string, string>): Promise<Runner> {
  const child = new Deno.Command("deno", {
    args: ["run", "--allow-read", fileURLToPath(import.meta.url), "--child"],
    env,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  // One line per answer, short enough to arrive in one piece.
  const line = async () => (await reader.read()).value!.trim();
  const writer = child.stdin.getWriter();
  return {
    name: `Deno, ${await line()}`,
    async predict() {
      await writer.write(new TextEncoder().encode("\n"));
      return JSON.parse(await line());
    },
    async close() {
      await writer.close();
      await child.status;
    },
  };
}

async function startBrowser(): Promise<Runner> {
  const scripts = await bundle({
    "predict_worker.js": "app/predict/predict_worker.ts",
    "engine_page.js": "../../tests/browser/engine_page.ts",
  });
  const content = model();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const name = new URL(url).pathname.slice(1);
    if (name === "model.safetensors") return new Response(content);
    const script = scripts.get(name);
    if (script !== undefined) return new Response(script, { headers: { "content-type": "text/javascript" } });
    const page = '<!doctype html><title>Speed</title><script type="module" src="engine_page.js"></script>';
    return new Response(page, { headers: { "content-type": "text/html" } });
  });
  const folder = await Deno.makeTempDir();
  const browser = await Browser.launch(join(folder, "browser"));
  const page = await browser.page(`http://127.0.0.1:${server.addr.port}/`);
  await page.waitFor("the page's script", () => "harness" in globalThis);
  // Without waiting for the answer: the driver gives up on commands after half a minute.
  await page.evaluate(() => {
    harness.open("first", { model: "model.safetensors" }).catch((error) => document.title = error.message);
  });
  await page.within(600_000, "the engine", () => harness.engines.has("first"));
  const { adapter, variants, seconds } = await page.evaluate(() => harness.engines.get("first")!.state);
  writeStdout(`browser opened: ${JSON.stringify({ seconds, variants })}\n`);
  const gpuProcess = findGpuProcess(folder);
  return {
    name: `Chromium, ${adapter.description}`,
    async predict() {
      const cpu = cpuSeconds(gpuProcess);
      await page.evaluate(
        (pixels, size) => {
          Object.assign(globalThis, { done: null });
          harness.predict("first", pixels, { width: size, height: size }).then((one) =>
            Object.assign(globalThis, { done: one.seconds.network })
          );
        },
        PIXELS.toBase64(),
        SIZE,
      );
      const wall = await page.within(
        600_000,
        "a prediction",
        () => (globalThis as unknown as { done: number }).done,
      );
      return { wall, cpu: cpuSeconds(gpuProcess) - cpu };
    },
    async close() {
      await browser.close();
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The process that computes for a browser that this process started. */
function findGpuProcess(folder: string): number {
  const lines = output("ps", "-eo", "pid,args").split("\n");
  const found = lines.find((line) => line.includes("--type=gpu-process") && line.includes(folder));
  if (found === undefined) throw new Error("Cannot find the browser's GPU process");
  return parseInt(found);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

if (Deno.args[0] === "--child") await runChild();
else {
  const rounds = Number(Deno.args[0] ?? 5);
  const runners = [
    await startDeno({}),
    await startDeno({ VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER }),
    await startBrowser(),
  ];
  const samples = runners.map((): Sample[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, runner] of runners.entries()) samples[index]!.push(await runner.predict());
  }
  for (const kind of ["wall", "cpu"] as const) {
    const browser = median(samples.at(-1)!.map((sample) => sample[kind]));
    for (const [index, { name }] of runners.entries()) {
      const values = samples[index]!.map((sample) => sample[kind]);
      const ratio = (browser / median(values)).toFixed(2);
      const list = values.map((value) => value.toFixed(2)).join(" ");
      writeStdout(
        `${kind.padEnd(5)}${name.padEnd(40)}${median(values).toFixed(2)} s (${list}); browser: ${ratio} x\n`,
      );
    }
  }
  writeStdout(`load ${Deno.loadavg().map((value) => value.toFixed(1)).join(" ")}\n`);
  for (const runner of runners) await runner.close();
}
