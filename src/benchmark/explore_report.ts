/**
 * The report of an exploration as text: the form of `docs/results/bench_hardware.txt`.
 *
 * @module
 */
import type { Tuning } from "../tuning/tune.ts";
import type { CallReport, ExploreParts, ExploreReport, Proposal } from "./explore.ts";
import { renderGaps } from "./gaps_report.ts";
import { renderOriginal } from "./original_report.ts";
import { milliseconds, ratio, shapeName, table } from "./report_table.ts";

/** The tables of one part. */
export function renderPart(name: keyof ExploreParts, report: ExploreReport): string {
  const render = <Name extends keyof ExploreParts>(name: Name) => {
    const measured = report[name] as ExploreParts[Name] | undefined;
    return measured === undefined ? "" : RENDER[name](measured);
  };
  return render(name);
}

/** What no time was left for; empty if that is nothing. */
export function renderLeft({ left }: ExploreReport): string {
  return left.length === 0
    ? ""
    : `no time was left for ${left.join(", ")}\nhint: run it again; compiled kernels make it faster\n`;
}

const RENDER: { readonly [Name in keyof ExploreParts]: (measured: ExploreParts[Name]) => string } = {
  variants: renderTuning,
  proposal: renderProposal,
  original: renderOriginal,
  forward: renderGaps,
  small: (calls) => calls.map(renderCalls).join("\n"),
  inference: (calls) => calls.map(renderCalls).join("\n"),
};

function renderTuning({ classes, failed, left, seconds }: Tuning): string {
  const rows = classes.flatMap(({ name, candidates, chosen }) =>
    candidates.map(({ variant, seconds }, index) => [
      index === 0 ? name : "",
      `${variant}${index === 0 ? ", default" : ""}`,
      (1000 * seconds.best).toFixed(3),
      (1000 * seconds.median).toFixed(3),
      `${seconds.runs}`,
      variant === chosen ? "fastest" : "",
    ])
  );
  const header = ["class", "variant", "best ms", "median ms", "runs", ""];
  return table(`variants of every class, in turns, in ${seconds.toFixed(0)} s`, header, rows) +
    (failed.length === 0 ? "" : `  failed their self-tests on this adapter: ${failed.join(", ")}\n`) +
    (left.length === 0 ? "" : `  no time was left for ${left.join(", ")}\n`);
}

function renderProposal(proposal: Proposal | null): string {
  if (proposal === null) return "proposed defaults: none, the chosen variants are the fastest\n";
  const { choices, step: { chosen, proposed }, isFaster } = proposal;
  return [
    `proposed defaults, which ${isFaster ? "make" : "do not make"} the step of the original faster: ` +
    `${milliseconds(chosen)} ms as chosen, ${milliseconds(proposed)} ms with`,
    ...Object.entries(choices).map(([name, variant]) => `    ${name}: ${variant}`),
    "",
  ].join("\n");
}

function renderCalls({ work, speeds, missing, ...shape }: CallReport): string {
  const title = work === "step" ? "training steps" : "calls of predict";
  const rows = speeds.map(({ name, call, ratio: ours }) => [
    name,
    milliseconds(call),
    (shape.batch / call.median).toFixed(1),
    ours === null ? "" : ratio(ours),
    `${call.runs}`,
  ]);
  const header = ["", `${work} ms`, "images / s", "ours / theirs", "runs"];
  return table(`${title} (${shapeName(shape)}; best / median)`, header, rows) +
    (missing === null ? "" : `  PyTorch is missing: ${missing}\n`);
}
