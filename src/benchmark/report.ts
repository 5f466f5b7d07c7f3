/**
 * Benchmark reports as text tables.
 *
 * @module
 */
import type { Timing } from "../tuning/timing.ts";
import type { BenchReport, SectionName, Sections } from "./benchmark.ts";
import { renderGaps } from "./gaps_report.ts";
import type { Machine } from "./machine.ts";
import { renderLow, renderMemory } from "./memory_report.ts";
import { renderShape } from "./network_report.ts";
import type { OpeningTime } from "./opening.ts";
import { milliseconds, percent, rates, shapeName, speeds, table } from "./report_table.ts";
import type { VariantReport } from "./variants.ts";

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

/** The kernels that identify a variant: the algorithms of the convolution, and the matrix products. */
export function variantOf(kernels: readonly string[]): string {
  const names = kernels.map((label) =>
    label.startsWith("gemm/") ? label : /^conv2d\/([a-z\d]+)/.exec(label)?.[1]
  );
  return [...new Set(names.filter((name) => name !== undefined))].join(" ");
}
