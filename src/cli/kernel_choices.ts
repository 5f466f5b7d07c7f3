/**
 * Which kernel variants a task uses: those that were timed on this adapter earlier, or are timed now, or the defaults.
 *
 * @module
 */
import { Option } from "commander";
import { join } from "node:path";
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { adapterKind, type GpuOptions } from "../gpu/adapter.ts";
import { CHOICE_FILE, keepChoices, readChoices } from "../host/kernel_memory.ts";
import { openGpu } from "../host/open_gpu.ts";
import { TUNE_SECONDS, tuneKernels, type Tuning } from "../tuning/tune.ts";
import { number, writeStderr } from "./task.ts";

/** The option `--retune [seconds]`; its explanation names the folder `cache`. */
export function retuneOption(cache: string): Option {
  return new Option(
    "--retune [seconds]",
    `time the kernel variants on this adapter first (default: ${TUNE_SECONDS} s) and keep the fastest in ` +
      `${cache}/${CHOICE_FILE}, for later runs too; without it the ones kept earlier are used, else defaults`,
  ).argParser(number(0, 3600)).preset(String(TUNE_SECONDS));
}

type Device = Pick<GpuOptions, "software" | "kernels">;

/** The timed choices that are kept for the device that would be opened; undefined if there are none. */
export async function keptChoices(folder: string, device: Device): Promise<KernelChoices | undefined> {
  return (await readChoices(folder, device))?.choices;
}

/** Times the candidates, keeps the fastest, and reports them. */
export async function retune(
  folder: string,
  device: Device,
  seconds = TUNE_SECONDS,
): Promise<KernelChoices> {
  const gpu = await openGpu({ ...device, cache: folder });
  try {
    writeStderr(`timing kernel variants on ${gpu.adapter.description}, about ${seconds} s\n`);
    const tuning = await tuneKernels(gpu, { seconds });
    writeStderr(describeTuning(tuning, defaultChoices(adapterKind(gpu.adapter))));
    try {
      await keepChoices(folder, gpu, { timedAt: new Date().toISOString(), choices: tuning.choices });
    } catch (error) {
      writeStderr(
        `note: the choices hold for this run only: ${join(folder, CHOICE_FILE)} cannot be written ` +
          `(${(error as Error).message.split("\n")[0]})\n`,
      );
    }
    return tuning.choices;
  } finally {
    gpu.close();
  }
}

function describeTuning({ classes, failed, left, seconds }: Tuning, defaults: KernelChoices): string {
  const lines = classes.map(({ name, candidates, chosen }) => {
    const times = candidates.map(({ variant, seconds }) => `${variant} ${(1000 * seconds.best).toFixed(2)}`);
    return `  ${name}: ${chosen}${chosen === defaults[name] ? "" : `, not ${defaults[name]}`} (ms: ${
      times.join(", ")
    })`;
  });
  if (failed.length > 0) lines.push(`  failed their self-test on this adapter: ${failed.join(", ")}`);
  if (left.length > 0) {
    lines.push(`  no time left for ${left.join(", ")}: the defaults stay; a second run is faster`);
  }
  return `timed in ${seconds.toFixed(1)} s\n` +
    lines.map((line) => `${line}\n`).join("");
}

/** Choices in words: `conv3x3/thin winograd4, product/low nn`. */
export function formatChoices(choices: KernelChoices): string {
  return Object.entries(choices).map(([name, variant]) => `${name} ${variant}`).join(", ");
}
