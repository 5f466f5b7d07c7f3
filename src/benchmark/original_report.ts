/**
 * The configuration of the original as text.
 *
 * @module
 */
import { renderGaps } from "./gaps_report.ts";
import type { OriginalReport } from "./original.ts";
import { gibibytes, milliseconds, ratio, shapeName, table } from "./report_table.ts";

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
