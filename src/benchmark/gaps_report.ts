/**
 * Gaps between dispatches and steps as text.
 *
 * @module
 */
import type { Gaps } from "./gaps.ts";
import { percent, shapeName, table } from "./report_table.ts";

/** Number of kernels that are listed with their share of a step. */
const LISTED_KERNELS = 8;

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
