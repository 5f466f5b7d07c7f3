/**
 * `deno task bench`: measures speed and memory.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type BenchOptions,
  runBenchmark,
  SECTION_NAMES,
  type SectionName,
} from "../src/benchmark/benchmark.ts";
import { describeMachine, machineLoad } from "../src/benchmark/machine.ts";
import { measureRankStep } from "../src/benchmark/rank_step.ts";
import { measureRanks } from "../src/benchmark/ranks.ts";
import { plural } from "../src/format.ts";
import { addDistributed, type DistributedOptions, onRanks } from "../src/cli/distributed.ts";
import { explore } from "../src/benchmark/explore.ts";
import { renderLeft, renderPart } from "../src/benchmark/explore_report.ts";
import { measureOriginal, ORIGINAL_SHAPE } from "../src/benchmark/original.ts";
import { renderOriginal } from "../src/benchmark/original_report.ts";
import { renderRanks } from "../src/benchmark/ranks_report.ts";
import { describe, renderEnd, renderSection, renderVariants } from "../src/benchmark/report.ts";
import { describeVariants } from "../src/benchmark/variants.ts";
import { keptChoices, retune, retuneOption } from "../src/cli/kernel_choices.ts";
import {
  addExamples,
  createCommand,
  GROUPS,
  integer,
  main,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { openGpu } from "../src/host/open_gpu.ts";
import type { KernelChoices } from "../mod.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { ARITHMETIC, type Arithmetic, DEFAULT_ARITHMETIC } from "../src/gpu/arithmetic.ts";

/** Seconds that an exploration is planned for; the last part may take a minute more. */
const EXPLORE_SECONDS = 480;
const QUICK_EXPLORE_SECONDS = 60;

/** Seconds for the configuration of the original, interleaved with PyTorch. */
const ORIGINAL_SECONDS = 60;

interface Options extends DistributedOptions {
  readonly quick?: true;
  readonly only?: SectionName[];
  readonly peers?: true;
  readonly gpu?: true;
  readonly explore?: true;
  readonly ranks?: readonly number[];
  readonly filters?: number;
  readonly size?: number;
  readonly batch?: number;
  readonly software?: boolean;
  readonly retune?: number;
  readonly kernels: Arithmetic;
  readonly json?: true;
}

/** The command `bench`. */
export function command(): Command {
  const bench = createCommand(
    "bench",
    "Measures speed and memory on this machine: calibration, kernels, network, gaps between dispatches, start, " +
      "memory, scaling and data pipeline. docs/benchmarks.md explains the tables.",
  )
    .optionsGroup(GROUPS.measurement)
    .option("--quick", "fewer shapes and rounds: less than a minute instead of five")
    .option(
      "--only <sections>",
      `only these sections, separated by commas: ${SECTION_NAMES.join(", ")}`,
      sections,
    )
    .option(
      "--peers",
      "measure PyTorch, onnxruntime, TensorFlow.js and jax-js as well; fetches packages",
    )
    .option(
      "--gpu",
      "the configuration of the original next to PyTorch on the same GPU, instead of the sections",
    )
    .option(
      "--explore",
      "with --gpu: variants, inference and small networks as well, and defaults to choose, within ten minutes",
    )
    .option(
      "--ranks <counts>",
      "a training step on this many ranks of this machine, such as 1,2,4, started by mpirun, instead of the sections",
      rankCounts,
    )
    .optionsGroup(GROUPS.network)
    .option(
      "--filters <count>",
      `with --gpu or --ranks: feature maps of the first block (default: ${ORIGINAL_SHAPE.filters}; 8 on ranks)`,
      integer(1, 1024),
    )
    .option(
      "--size <pixels>",
      `with --gpu or --ranks: width and height, a multiple of 32 (default: ${ORIGINAL_SHAPE.size}; 128 on ranks)`,
      integer(32, 4096),
    )
    .option(
      "--batch <count>",
      `with --gpu or --ranks: images per batch (default: ${ORIGINAL_SHAPE.batch}; 16 for all ranks together)`,
      integer(1, 4096),
    )
    .optionsGroup(GROUPS.device)
    .option("--software", "use the software adapter even if there is a GPU")
    .addOption(retuneOption(FOLDERS.cache))
    .addOption(
      new Option(
        "--kernels <which>",
        "strict excludes kernels that are less accurate than plain float32 sums",
      )
        .choices(ARITHMETIC).default(DEFAULT_ARITHMETIC),
    )
    .optionsGroup(GROUPS.output)
    .option("--json", "print everything as one JSON document");
  addExamples(bench, [
    ["Measure kernels and network in less than a minute", "--quick --only kernels,network"],
    ["Compare with PyTorch on the same GPU, two images per batch", "--gpu --batch 2"],
    ["Explore a GPU in one call", "--gpu --explore > bench_hardware.txt"],
  ]);
  bench.optionsGroup(GROUPS.device);
  addDistributed(bench);
  return bench.action(measure);
}

/** Network and batch that are measured on ranks unless flags say otherwise. */
const RANK_SHAPE = { filters: 8, size: 128, batch: 16 };

/** Seconds of steps on each world of ranks, and worlds of each size. */
const RANK_SECONDS = 8;
const RANK_ROUNDS = 3;

async function measure(options: Options, self: Command): Promise<void> {
  const { gpu, explore, ranks, distributed } = options;
  const mode = gpu ? "--gpu" : ranks ? "--ranks" : distributed ? "--distributed" : null;
  const lone = (["filters", "size", "batch"] as const).find((name) => options[name] !== undefined);
  if (mode === null && lone !== undefined) {
    self.error(`error: --${lone} requires --gpu or --ranks`, { exitCode: 2 });
  }
  if (explore && !gpu) self.error("error: --explore requires --gpu", { exitCode: 2 });
  const excluded = [
    "only",
    "peers",
    ...(gpu ? ["ranks", "distributed"] as const : []),
    ...(gpu && !explore ? ["quick"] as const : []),
  ] as const;
  const other = excluded.find((name) => options[name] !== undefined);
  if (mode !== null && other !== undefined) {
    self.error(`error: --${other} and ${mode} exclude each other`, { exitCode: 2 });
  }
  if (distributed) return await benchRank(options, self);
  if (ranks) return await benchRanks(options, ranks);
  const { software = false, kernels } = options;
  const device = { software, kernels };
  const choices = options.retune === undefined
    ? await keptChoices(FOLDERS.cache, device)
    : await retune(FOLDERS.cache, device, options.retune);
  const report = await (explore ? benchExplore : gpu ? benchOriginal : benchSections)(options, choices);
  if (options.json) writeStdout(`${JSON.stringify(report, null, 2)}\n`);
}

async function benchSections(
  { quick, peers, software, kernels, only, json }: Options,
  choices: KernelChoices | undefined,
): Promise<unknown> {
  let described = false;
  const settings: BenchOptions = {
    quick: quick === true,
    peers: peers === true,
    software: software === true,
    kernels,
    choices,
    folder: FOLDERS.bench,
    ...(only ? { only } : {}),
    onNote: note,
    onSection: (name, report) => {
      if (json) return;
      if (!described) writeStdout(describe(report.machine));
      described = true;
      writeStdout(`\n${renderSection(name, report)}`);
    },
  };
  const report = await runBenchmark(settings);
  if (!json) writeStdout(`\n${renderEnd(report)}`);
  return report;
}

/** A rank of the world that {@linkcode benchRanks} or a cluster's scheduler has started. */
async function benchRank(options: Options, self: Command): Promise<void> {
  const shape = { ...RANK_SHAPE, ...options };
  const ranked = { command: self, args: Deno.args, folder: FOLDERS.cache, hint: "measure again" };
  await onRanks(options, ranked, async (world) => {
    const { software = false, kernels } = options;
    const gpu = await openGpu({ software, kernels, tuned: true });
    try {
      const seconds = options.quick ? 1 : RANK_SECONDS;
      const { filters, size, batch } = shape;
      const step = await measureRankStep(gpu, { filters, size, batch }, world!.collective, seconds);
      if (world!.isFirst) writeStdout(`${JSON.stringify(step)}\n`);
    } finally {
      gpu.close();
    }
    return undefined;
  });
}

async function benchRanks(options: Options, ranks: readonly number[]): Promise<void> {
  const { filters, size, batch, software = false, kernels, quick, json, shareGpu } = {
    ...RANK_SHAPE,
    ...options,
  };
  const machine = await describeMachine(software);
  if (!json) writeStdout(`${describe(machine)}\n`);
  const args = [
    ...["--kernels", kernels],
    ...(software ? ["--software"] : []),
    ...(shareGpu ? ["--share-gpu"] : []),
    ...(quick ? ["--quick"] : []),
  ];
  const scaling = await measureRanks({ filters, size, batch }, {
    ranks,
    rounds: quick ? 1 : RANK_ROUNDS,
    args,
    cores: machine.cores,
    onWorld: (count) => note(`measuring ${plural(count, "rank")}`),
  });
  const report = { machine, loadAfter: machineLoad(), ...scaling };
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : renderRanks(scaling));
}

async function benchOriginal(
  { software = false, kernels, json, ...given }: Options,
  choices: KernelChoices | undefined,
): Promise<unknown> {
  const { filters, size, batch } = { ...ORIGINAL_SHAPE, ...given };
  const machine = await describeMachine(software);
  if (!json) writeStdout(`${describe(machine)}\n`);
  if (machine.isSoftware) {
    note("note: without a GPU, a step takes seconds per image; try --batch 2");
  }
  const gpu = await openGpu({ software, kernels, choices });
  try {
    const turns = { measurement: 1, seconds: ORIGINAL_SECONDS, onNote: note };
    const original = await measureOriginal(gpu, { filters, size, batch }, turns, {
      software,
      kernels,
      choices,
    });
    const variants = await describeVariants(gpu, choices !== undefined);
    if (!json) writeStdout(`${renderOriginal(original)}\nkernel variants\n${renderVariants(variants)}`);
    return { machine, loadAfter: machineLoad(), ...original, variants };
  } finally {
    gpu.close();
  }
}

async function benchExplore(
  { software = false, kernels, json, quick, ...given }: Options,
  choices: KernelChoices | undefined,
): Promise<unknown> {
  const { filters, size, batch } = { ...ORIGINAL_SHAPE, ...given };
  const machine = await describeMachine(software);
  const command = ["deno task bench", ...Deno.args].join(" ");
  if (!json) writeStdout(`$ ${command}\n${describe(machine)}\n`);
  const gpu = await openGpu({ software, kernels, choices });
  try {
    const report = await explore(gpu, { filters, size, batch }, {
      seconds: quick ? QUICK_EXPLORE_SECONDS : EXPLORE_SECONDS,
      half: { software, kernels, choices },
      onNote: note,
      onPart: (name, report) => {
        if (!json) writeStdout(`${renderPart(name, report)}\n`);
      },
    });
    const variants = await describeVariants(gpu, choices !== undefined);
    if (!json) writeStdout(`${renderLeft(report)}kernel variants\n${renderVariants(variants)}`);
    return { machine, command, loadAfter: machineLoad(), ...report, variants };
  } finally {
    gpu.close();
  }
}

function note(text: string): void {
  writeStderr(`${text}\n`);
}

function rankCounts(text: string): number[] {
  return text.split(",").map((part) => integer(1, 4096)(part.trim()));
}

function sections(text: string): SectionName[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !SECTION_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`"${unknown}" is not one of ${SECTION_NAMES.join(", ")}.`);
  }
  return names as SectionName[];
}

if (import.meta.main) await main(command());
