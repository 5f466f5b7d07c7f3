/**
 * Benchmark reports as text tables.
 *
 * @module
 */
import type { OpeningTime } from "./opening.ts";
import type { Timing } from "../tuning/timing.ts";
import type { BenchReport, SectionName, Sections } from "./benchmark.ts";
import type { Speed } from "./calibration.ts";
import type { ImageRate } from "./data_pipeline.ts";
import type { Gaps } from "./gaps.ts";
import type { Machine } from "./machine.ts";
import type { LowMemory } from "./low_memory.ts";
import type { Memory } from "./memory.ts";
import type { NetworkShape } from "./network_bench.ts";
import type { PeerTiming, ShapeSpeed } from "./network_speed.ts";
import type { OriginalReport } from "./original.ts";
import { EFFICIENCY, networkNeeds, type RankRow, type RankScaling } from "./ranks.ts";
import { describeAdapters } from "../ranks/share.ts";
import type { VariantReport } from "./variants.ts";

/** Number of kernels that are listed with their share of a step. */
const LISTED_KERNELS = 8;

/** A table with a title: the first column aligned to the left, all others to the right. */
export function table(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    `  ${
      row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join(
        "  ",
      )
    }`.trimEnd();
  return [title, line(header), ...rows.map(line), ""].join("\n");
}

/** The machine, one fact per line. */
export function describe(machine: Machine): string {
  const { adapter, driver, backend, isSoftware, deno, system, cores, loadBefore } = machine;
  const busy = loadBefore > cores / 4
    ? ": the machine is busy, so rely only on bests, shares and ratios"
    : "";
  return [
    `adapter  ${adapter}${isSoftware ? ", software: it computes on the CPU" : ""}`,
    `driver   ${driver}, through ${backend}`,
    `machine  ${cores} cores, ${system}, Deno ${deno}`,
    `load     ${loadBefore.toFixed(2)} in the last minute${busy}`,
    "",
  ].join("\n");
}

/** The tables of one section. */
export function renderSection(name: SectionName, report: BenchReport): string {
  const render = <Name extends SectionName>(name: Name) => {
    const measured = report[name] as Sections[Name] | undefined;
    return measured === undefined ? "" : RENDER[name](measured);
  };
  if (name === "kernels" && report.variants) return render(name) + renderVariants(report.variants);
  return render(name);
}

/** The last line. */
export function renderEnd({ seconds, loadAfter }: BenchReport): string {
  return `measured in ${seconds.toFixed(0)} s, load ${
    loadAfter.toFixed(2)
  } afterwards, including the benchmark itself\n`;
}

const RENDER: { readonly [Name in SectionName]: (measured: Sections[Name]) => string } = {
  calibration: ({ gigaflops, dispatchSeconds }) =>
    `calibration  ${speeds(gigaflops)} GFLOPS in multiply-adds, ` +
    `${(1e6 * dispatchSeconds.best).toFixed(0)} us per dispatch\n`,

  kernels: (kernels) =>
    table(
      "3 x 3 convolutions (GFLOPS counted as direct convolutions; best / median)",
      ["channels, px, batch", "direction", "GFLOPS", "of calibration", "runs", "dispatches", "kernels"],
      kernels.map(({ channels, size, batch, direction, gigaflops, share, dispatches, kernels }) => [
        `${channels}, ${size}, ${batch}`,
        direction,
        speeds(gigaflops),
        `${percent(share.best)} / ${percent(share.median)}`,
        `${gigaflops.runs}`,
        `${dispatches}`,
        variantOf(kernels),
      ]),
    ),

  network: (shapes) => shapes.map(renderShape).join("\n"),

  gaps: (all) => all.map(renderGaps).join("\n"),

  start: ({ opening, readySeconds, firstStepSeconds, secondStepSeconds, pipelines, ...shape }) =>
    (opening === null ? "" : renderOpening(opening)) +
    `start of training (${shapeName(shape)})  ${
      readySeconds.toFixed(1)
    } s until ready: ${pipelines} pipelines; ` +
    `first step ${firstStepSeconds.toFixed(2)} s, second ${secondStepSeconds.toFixed(2)} s\n`,

  memory: (memory) =>
    [...new Set(memory.map(({ filters }) => filters))]
      .map((filters) => renderMemory(filters, memory.filter((entry) => entry.filters === filters)))
      .join("\n"),

  low: (all) => all.map(renderLow).join("\n"),

  scale: (times) =>
    table(
      "time of a training step by number of pixels (8 filters, no norm)",
      ["px, batch", "pixels", "step ms", "ns/pixel", "runs"],
      times.map(({ size, batch, step, nanosecondsPerPixel }) => [
        `${size}, ${batch}`,
        `${size * size * batch}`,
        milliseconds(step),
        nanosecondsPerPixel.toFixed(0),
        `${step.runs}`,
      ]),
    ),

  data: ({ images, fileSize, size, preparing, serving }) =>
    table(
      `data pipeline (${images} JPEGs of ${fileSize} px, prepared at ${size} px; images per second, best / median)`,
      ["", "images / s", "runs"],
      [["preparing", rates(preparing), `${preparing.runs}`], ["batching", rates(serving), `${serving.runs}`]],
    ),
};

/** Which variants were chosen, and whether those for hardware pass their self-tests here. */
export function renderVariants({ choices, unusual, given, checked }: VariantReport): string {
  const mark = (name: string) => Object.hasOwn(unusual, name) ? ", not the default" : "";
  const verdict = (passed: boolean | null) =>
    passed === null ? "not supported" : passed ? "passed" : "FAILED";
  const origin = given ? "as timed on this adapter" : "by default for this kind of adapter";
  return [
    `  chosen ${origin}`,
    ...Object.entries(choices).map(([name, variant]) => `    ${name}: ${variant}${mark(name)}`),
    "  self-tests of the variants for hardware on this adapter",
    ...checked.map(({ operation, variant, passed }) => `    ${operation}, ${variant}: ${verdict(passed)}`),
    "",
  ].join("\n");
}

/** The tables of the configuration of the original. */
export function renderOriginal(report: OriginalReport): string {
  const { speeds, missing, missingHalf, batch, plannedBytes } = report;
  const rows = speeds.map(({ name, step, evaluation, peakBytes, runSeconds, ratio: ours }) => [
    name,
    milliseconds(step),
    (batch / step.median).toFixed(1),
    milliseconds(evaluation),
    peakBytes === null ? "-" : gibibytes(peakBytes),
    (runSeconds / 60).toFixed(1),
    ours === null ? "" : ratio(ours),
    `${step.runs}`,
  ]);
  const header = [
    "",
    "step ms",
    "images / s",
    "evaluation ms",
    "peak GiB",
    "run min",
    "ours / theirs",
    "runs",
  ];
  return [
    table(`configuration of the original (${shapeName(report)}; best / median)`, header, rows),
    missing === null ? "" : `  PyTorch is missing: ${missing}\n`,
    missingHalf === null ? "" : `  float16 is missing: ${missingHalf}\n`,
    `  planned peak ${
      gibibytes(plannedBytes)
    } GiB; run: 40 epochs over 1,502 training and 429 validation images, ` +
    "by the medians\n",
    `\n${renderGaps(report.gaps)}`,
  ].join("");
}

/** Scaling over ranks, and the network that ranks on other machines would need. */
export function renderRanks(scaling: RankScaling): string {
  const { rows, adapters } = scaling;
  const share = (seconds: number, { step }: RankRow) => percent(seconds / step);
  const header = ["ranks", "step ms", "images / s", "speedup", "exchange ms", "share", "waiting ms", "share"];
  const cells = rows.map((row) => [
    `${row.ranks}`,
    (1000 * row.step).toFixed(1),
    (scaling.batch / row.step).toFixed(1),
    row.speedup.toFixed(2),
    (1000 * row.exchanging).toFixed(1),
    share(row.exchanging, row),
    (1000 * row.waiting).toFixed(1),
    share(row.waiting, row),
  ]);
  const last = rows.at(-1)!;
  return [
    table(`ranks on this machine (${shapeName(scaling)} for all ranks together; medians)`, header, cells),
    `  ${describeAdapters(adapters)}\n`,
    last.ranks === 1 ? "" : renderNeeds(scaling, last),
  ].join("");
}

/** Numbers of ranks whose network is computed. */
const NETWORK_RANKS = [8, 64, 512];

function renderNeeds({ batch, gradientBytes }: RankScaling, row: RankRow): string {
  const step = row.step - row.waiting - row.exchanging;
  const needs = networkNeeds({ step, host: row.exchanging, bytes: gradientBytes }, NETWORK_RANKS);
  const what =
    `${percent(EFFICIENCY)} of the throughput per rank, with ${batch / row.ranks} images each and ` +
    `${(gradientBytes / 1e6).toFixed(1)} MB of gradients`;
  if (needs.some(({ bitsPerSecond }) => bitsPerSecond === Infinity)) {
    return `  no network allows ${what}: the exchange within this machine takes too long already\n`;
  }
  const rates = needs.map(({ ranks, bitsPerSecond }) =>
    `${ranks} ranks ${(bitsPerSecond / 1e9).toFixed(2)} Gbit/s`
  );
  return `  network for ${what}: ${rates.join(", ")}\n`;
}

function renderShape(speed: ShapeSpeed): string {
  const ours = speed.ours.map(({ norm, forward, step }) => [
    ourName(norm),
    milliseconds(forward.seconds),
    speeds(forward.gigaflops),
    "",
    milliseconds(step.seconds),
    speeds(step.gigaflops),
    "",
    `${step.seconds.runs}`,
  ]);
  const peers = speed.peers.map(({ name, forward, step }) => [
    name,
    forward ? milliseconds(forward) : "",
    "",
    forward ? ratio(forward.ratio) : "",
    step ? milliseconds(step) : "",
    "",
    step ? ratio(step.ratio) : "",
    `${(step ?? forward)?.runs ?? 0}`,
  ]);
  const header = [
    "",
    "forward ms",
    "GF",
    "ours / theirs",
    "step ms",
    "GF",
    "ours / theirs",
    "runs",
  ];
  // Empty columns would only widen the table.
  const rows = [...ours, ...peers];
  const kept = header.map((_, column) => column === 0 || rows.some((row) => row[column] !== ""));
  const keep = (row: string[]) => row.filter((_, column) => kept[column]);
  return table(`network: ${shapeName(speed)} (best / median)`, keep(header), rows.map(keep)) +
    speed.missing.map(({ name, reason }) => `  ${name} is missing: ${reason}\n`).join("") +
    `\n${renderCalls(speed)}`;
}

/** Calls that return, as a user makes them: ours of the library, and those of peers that have one. */
function renderCalls(speed: ShapeSpeed): string {
  const ours = speed.ours.map(({ norm, predict, stepCall }) => [
    ourName(norm),
    milliseconds(predict),
    "",
    milliseconds(stepCall),
    "",
    `${predict.runs}`,
  ]);
  const peers = speed.peers.filter(({ predict, stepCall }) => predict || stepCall).map((
    { name, predict, stepCall },
  ) => [
    name,
    predict ? milliseconds(predict) : "",
    predict ? ratio(predict.ratio) : "",
    stepCall ? milliseconds(stepCall) : "",
    stepCall ? ratio(stepCall.ratio) : "",
    `${(predict ?? stepCall)!.runs}`,
  ]);
  const header = ["", "predict ms", "ours / theirs", "step ms", "ours / theirs", "runs"];
  return table(`calls that return: ${shapeName(speed)} (best / median)`, header, [...ours, ...peers]);
}

function ourName(norm: ShapeSpeed["ours"][number]["norm"]): string {
  return `this project, ${norm === "none" ? "no norm" : "instance norm"}`;
}

/** A ratio of bests and one of medians. */
export function ratio({ best, median }: PeerTiming["ratio"]): string {
  return `${best.toFixed(2)} / ${median.toFixed(2)}`;
}

function renderOpening({ bare, openGpu, load, ratio }: OpeningTime): string {
  const line = (title: string, timing: Timing, rest = "") =>
    `  ${title.padEnd(30)} ${milliseconds(timing)} ms${rest}\n`;
  return `opening a GPU, each time in a new process (best / median of ${bare.runs})\n` +
    line("requestAdapter, requestDevice", bare) +
    line(
      "openGpu",
      openGpu,
      `, ${ratio.toFixed(2)} times that, and ${milliseconds(load)} ms to load its modules`,
    );
}

/** Where the time of a step or a forward pass goes. */
export function renderGaps(gaps: Gaps): string {
  const {
    kind,
    dispatches,
    idleBetweenSteps,
    idleBetweenDispatches,
    idleBetweenPasses,
    handoverMilliseconds,
  } = gaps;
  const [what, plural] = kind === "train" ? ["step", "steps"] : ["forward", "forwards"];
  const lines = [
    `time within a ${what} (${shapeName(gaps)}): ${dispatches} dispatches, submitted in ` +
    `${handoverMilliseconds.toFixed(1)} ms`,
  ];
  if (idleBetweenSteps === null || idleBetweenDispatches === null || idleBetweenPasses === null) {
    lines.push("  this adapter has no timestamp-query, so gaps are unknown", "");
    return lines.join("\n");
  }
  lines.push(
    `  the device is idle ${percent(idleBetweenSteps)} of the time between ${plural} and about ` +
      `${percent(idleBetweenDispatches)} between dispatches (at most ${
        percent(idleBetweenPasses)
      }, measured with one pass per dispatch)`,
  );
  const listed = gaps.kernels.slice(0, LISTED_KERNELS).map(({ kernel, dispatches, share }) => [
    kernel,
    `${dispatches}`,
    percent(share),
  ]);
  return `${lines.join("\n")}\n${table("", ["kernel", "dispatches", "of the time"], listed).slice(1)}`;
}

function renderMemory(filters: number, memory: readonly Memory[]): string {
  const batches = [...new Set(memory.map(({ batch }) => batch))];
  const sizes = [...new Set(memory.map(({ size }) => size))];
  const wasMeasured = memory.some(({ measured }) => measured !== null);
  const rows = sizes.flatMap((size) => {
    const cells = (what: "planned" | "measured", low: boolean) =>
      batches.map((batch) => {
        const entry = memory.find((entry) => entry.size === size && entry.batch === batch);
        const use = low ? entry?.low : entry;
        const bytes = use?.[what] ?? null;
        if (!use || bytes === null) return "-";
        return what === "planned" && use.microBatches > 1
          ? `${gibibytes(bytes)}/${use.microBatches}`
          : gibibytes(bytes);
      });
    const rows = (title: string, low: boolean) => {
      const planned = [`${title}planned`, ...cells("planned", low)];
      return wasMeasured ? [planned, ["  allocated", ...cells("measured", low)]] : [planned];
    };
    return [...rows(`${size} px, `, false), ...rows("  memory low, ", true)];
  });
  const refusals = memory.filter(({ refusal }) => refusal !== null)
    .map(({ size, batch, refusal }) => `  ${size} px, batch ${batch}: ${refusal}\n`);
  const header = ["", ...batches.map((batch) => `batch ${batch}`)];
  const title = `memory of training, ${filters} filters, GiB (/2: in 2 micro-batches${
    wasMeasured ? "; allocated: up to 2 GiB" : ""
  })`;
  return table(title, header, rows) +
    refusals.join("");
}

function renderLow({ uses, ratio, ...shape }: LowMemory): string {
  const rows = Object.entries(uses).map(([use, { byteLength, microBatches, step }]) => [
    `memory ${use}`,
    gibibytes(byteLength),
    `${microBatches}`,
    milliseconds(step),
    `${step.runs}`,
  ]);
  return table(
    `memory and time (${shapeName(shape)}; best / median)`,
    ["", "allocated GiB", "micro-batches", "step ms", "runs"],
    rows,
  ) + `  low takes ${ratio.memory.toFixed(2)} times the memory and ${ratio.best.toFixed(2)} / ` +
    `${ratio.median.toFixed(2)} times the time\n`;
}

/** A network and its batch in words. */
export function shapeName({ filters, size, batch }: NetworkShape): string {
  return `${filters} filters, ${size} px, batch ${batch}`;
}

/** The kernels that identify a variant: the algorithms of the convolution, and the matrix products. */
export function variantOf(kernels: readonly string[]): string {
  const names = kernels.map((label) =>
    label.startsWith("gemm/") ? label : /^conv2d\/([a-z\d]+)/.exec(label)?.[1]
  );
  return [...new Set(names.filter((name) => name !== undefined))].join(" ");
}

/** Best and median in milliseconds. */
export function milliseconds({ best, median }: Timing): string {
  const digits = best < 0.1 ? 1 : 0;
  return `${(1000 * best).toFixed(digits)} / ${(1000 * median).toFixed(digits)}`;
}

function speeds({ best, median }: Speed): string {
  return `${best.toFixed(1)} / ${median.toFixed(1)}`;
}

function rates({ best, median }: ImageRate): string {
  return `${best.toFixed(0)} / ${median.toFixed(0)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(3);
}
