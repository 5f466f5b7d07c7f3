/**
 * `deno task doctor`: describes this machine's adapter, tests the kernels on it, and says what to fix.
 *
 * @module
 */
import type { Command } from "commander";
import type { KernelChoices } from "../mod.ts";
import { formatBytes } from "../src/format.ts";
import { readChoices } from "../src/host/kernel_memory.ts";
import { createCommand, EXIT, ExitError, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { type AdapterReport, type Ailment, diagnose } from "../src/host/diagnose.ts";
import { openGpu } from "../src/host/open_gpu.ts";
import { choosePassed, compileTests, selfTest, type SelfTestResult } from "../src/self_test/self_test.ts";
import { describeCapacity } from "../src/cli/budget_view.ts";
import type { BudgetChoice } from "../src/training/budget_choice.ts";
import { chooseTypical } from "../src/training/budget_run.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { DEFAULT_ARITHMETIC } from "../src/gpu/arithmetic.ts";

interface Options {
  json?: boolean;
  software?: boolean;
}

/** The command `doctor`. */
export function command(): Command {
  return createCommand(
    "doctor",
    "Describes the GPU adapter, tries its features, tests every kernel on it against a plain loop on the CPU, and " +
      "says what is missing and which command fixes it. Exits 1 if nothing can run or a kernel fails.",
  )
    .option("--software", "look at the software adapter even if there is a GPU")
    .option("--json", "print the findings as one JSON document")
    .action(examine);
}

async function examine(options: Options): Promise<void> {
  const print = options.json ? () => {} : writeStdout;
  const software = options.software === true;
  const { adapter, ailments } = await diagnose({ software });
  const found = ailments.map((ailment) => ({ ...ailment, command: asRoot(ailment.command) }));
  print(line("Deno", `${Deno.version.deno} on ${Deno.build.os}, ${Deno.build.arch}`));
  if (adapter !== null) print(describe(adapter));
  const kernels: SelfTestResult[] = [];
  let training: BudgetChoice | null = null;
  let choices: { kept: boolean; choices: KernelChoices } | null = null;
  if (!found.some(({ kind }) => kind === "fatal")) {
    try {
      // Nothing that was found out earlier counts: a doctor examines.
      const gpu = await openGpu({ software, tuned: true, retest: true });
      try {
        await compileTests(gpu, () => true);
        for await (const result of selfTest(gpu)) {
          kernels.push(result);
          print(describeKernel(result));
        }
        const kept = await readChoices(FOLDERS.cache, { software, kernels: DEFAULT_ARITHMETIC });
        gpu.choices = choosePassed(gpu, kernels);
        choices = { kept: kept !== null, choices: gpu.choices };
        if (kernels.every(({ passed }) => passed)) training = await chooseTypical(gpu, TRAINING_SECONDS);
      } finally {
        gpu.close();
      }
    } catch (error) {
      found.push({
        kind: "fatal",
        message: error instanceof Error ? error.message : String(error),
        command: null,
      });
    }
  }
  const failed = kernels.filter(({ passed }) => !passed);
  const ok = failed.length === 0 && !found.some(({ kind }) => kind === "fatal");
  if (kernels.length > 0) {
    print(line("kernels", `${kernels.length - failed.length} passed, ${failed.length} failed`));
    if (choices !== null) print(describeChoices(choices));
  }
  if (options.json) {
    const { os, arch } = Deno.build;
    const document = {
      ok,
      deno: Deno.version.deno,
      os,
      arch,
      adapter,
      kernels,
      choices,
      training: training && describeTraining(training),
      ailments: found,
    };
    writeStdout(`${JSON.stringify(document, null, 2)}\n`);
  }
  for (const ailment of found) writeStderr(describeAilment(ailment));
  const onCpu = adapter?.isSoftware === true;
  print(`\n${describeVerdict({ failed: failed.map(({ kernel }) => kernel), found, onCpu, training })}`);
  if (!ok) throw new ExitError(EXIT.failed);
}

/** What an examination came to. */
export interface Findings {
  /** The kernels that failed. */
  readonly failed: readonly string[];
  /** The problems. */
  readonly found: readonly Ailment[];
  /** Whether the adapter is a software one. */
  readonly onCpu: boolean;
  /** What this machine can train in half an hour; null or absent if that is unknown. */
  readonly training?: BudgetChoice | null;
}

/** The time for which the verdict says what can be trained. */
const TRAINING_SECONDS = 1800;

/** A choice in numbers. */
function describeTraining(
  { seconds, filters, size, batchSize, epochs, images, secondsPerEpoch, originalSeconds, speed }:
    BudgetChoice,
) {
  return { seconds, filters, size, batchSize, epochs, images, secondsPerEpoch, originalSeconds, speed };
}

/** Whether this machine is ready, and what to do next. */
export function describeVerdict({ failed, found, onCpu, training = null }: Findings): string {
  const fix = found.find(({ command }) => command !== null)?.command;
  if (found.some(({ kind }) => kind === "fatal")) {
    return line("verdict", "not ready: nothing can run here") +
      line("next", fix ? `${fix}, then deno task doctor` : "fix the error, then deno task doctor");
  }
  if (failed.length > 0) {
    const names = [...new Set(failed)].join(", ");
    return line("verdict", `not ready: results of ${names} would be wrong here`) +
      line(
        "next",
        onCpu ? "update the driver, then deno task doctor" : "update the driver, or use --software",
      );
  }
  const slow = found.length > 0 ? ", but slower than it could be" : onCpu ? ", on the CPU" : "";
  const [capacity, command] = training === null ? [] : describeCapacity(training);
  return line("verdict", `ready${slow}: every kernel passed`) +
    (capacity === undefined ? "" : line("", capacity)) +
    (fix ? line("next", `${fix} makes it faster`) : "") +
    line(fix ? "" : "next", "deno task demo, a tour in minutes") +
    line("", "deno task inspect FOLDER, for your own dataset") +
    (command === undefined ? "" : line("", command));
}

function describeChoices({ kept, choices }: { kept: boolean; choices: KernelChoices }): string {
  return line(
    "variants",
    kept ? "as timed on this adapter" : "by default; deno task train --retune times them",
  ) +
    Object.entries(choices).map(([name, variant]) => line("", `${name}: ${variant}`)).join("");
}

/** How this user runs a command as root; Windows has no user number. */
function asRoot(command: string | null): string | null {
  return command === null || Deno.uid() === 0 ? command : `sudo ${command}`;
}

function line(label: string, text: string): string {
  return `${label.padEnd(9)} ${text}\n`;
}

function describe(adapter: AdapterReport): string {
  const limits = Object.entries(adapter.limits).map(([name, value]) =>
    line("", `${name}: ${/BufferSize|BindingSize|StorageSize/.test(name) ? formatBytes(value) : value}`)
  );
  const tested = adapter.tested.map(({ name, works, detail }) =>
    line("", `${name}: ${works ? "works" : "does not work"}${detail === "" ? "" : ` (${detail})`}`)
  );
  return line("adapter", `${adapter.description}, by ${adapter.vendor}`) +
    line("driver", `${adapter.driver}, through ${adapter.backend}`) +
    line("kind", adapter.isSoftware ? "software: it computes on the CPU" : "hardware") +
    `limits\n${limits.join("")}features, each tried with a kernel\n${tested.join("")}` +
    "kernels, compared with plain loops on the CPU\n";
}

function describeKernel({ kernel, variant, passed, worstError, limit }: SelfTestResult): string {
  const name = variant === undefined ? kernel : `${kernel}, ${variant}`;
  const numbers = `worst error ${worstError.toExponential(1)}, limit ${limit.toExponential(1)}`;
  return line("", `${passed ? "passed" : "FAILED"}  ${name.padEnd(36)} ${numbers}`);
}

function describeAilment({ kind, message, command }: Ailment): string {
  const label = kind === "fatal" ? "error" : "warning";
  // A message of the library may have its own hint.
  return `${label}: ${message}\n${command === null ? "" : `hint: ${command}\n`}`;
}

if (import.meta.main) await main(command());
