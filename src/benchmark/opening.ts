/**
 * How long opening a GPU takes compared with a bare WebGPU device, each in processes of their own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { FOLDERS } from "../fs/layout.ts";
import type { GpuOptions } from "../gpu/adapter.ts";
import { DEFAULT_ARITHMETIC } from "../gpu/arithmetic.ts";
import { PACKAGES } from "../host/driver.ts";
import { summarize, type Timing } from "../tuning/timing.ts";
import { NO_LOADER } from "./peer_process.ts";

/** Times of opening a device. */
export interface OpeningTime {
  /** `requestAdapter` and `requestDevice`, in seconds. */
  readonly bare: Timing;
  /** `openGpu` with the verdicts of an earlier start, in seconds. */
  readonly openGpu: Timing;
  /** Loading the modules of `openGpu`, in seconds; in `openGpu` not included. */
  readonly load: Timing;
  /** Median of `openGpu` divided by the median of `bare`. */
  readonly ratio: number;
}

/** Permissions of the process: what `openGpu` uses. */
const PERMISSIONS = [
  `--allow-read=${FOLDERS.cache},${PACKAGES}`,
  `--allow-write=${FOLDERS.cache}`,
];

/**
 * Opens devices, interleaved, `rounds` times each after a first start that keeps the verdicts; null if Deno cannot be
 * started, as by the compiled binary on a machine without Deno.
 */
export async function measureOpening(
  { software = false, kernels = DEFAULT_ARITHMETIC }: Pick<GpuOptions, "software" | "kernels">,
  rounds: number,
): Promise<OpeningTime | null> {
  const options = { software, kernels };
  const first = await openOnce("openGpu", options);
  if (first === null) return null;
  const times = { bare: [] as number[], openGpu: [] as number[], load: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.bare.push((await openOnce("bare", options))!.openSeconds);
    const { openSeconds, loadSeconds } = (await openOnce("openGpu", options))!;
    times.openGpu.push(openSeconds);
    times.load.push(loadSeconds);
  }
  const [bare, openGpu, load] = [times.bare, times.openGpu, times.load].map(summarize) as [
    Timing,
    Timing,
    Timing,
  ];
  return { bare, openGpu, load, ratio: openGpu.median / bare.median };
}

interface Opened {
  readonly loadSeconds: number;
  readonly openSeconds: number;
}

async function openOnce(
  how: "bare" | "openGpu",
  options: Pick<GpuOptions, "software" | "kernels">,
): Promise<Opened | null> {
  const script = fileURLToPath(new URL("./opening_process.ts", import.meta.url));
  const args = ["run", "-q", "--no-prompt", ...PERMISSIONS, script, how, JSON.stringify(options)];
  try {
    const { code, stdout, stderr } = await new Deno.Command("deno", { args, env: NO_LOADER, stdin: "null" })
      .output();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`Cannot time the opening of a device: ${decoder.decode(stderr).trim()}`);
    return JSON.parse(decoder.decode(stdout));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
