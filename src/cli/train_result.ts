/**
 * How `train` says what a run came to, and what to do next.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";
import { formatPercent, formatSeconds } from "../format.ts";
import { FOLDERS, RUN_FILES } from "../fs/layout.ts";
import { withinProject } from "../fs/paths.ts";
import type { BestEpoch } from "../training/checkpoint.ts";
import { metricByClass } from "../training/epoch_metrics.ts";
import { AUTO_RECIPE } from "../training/recipe.ts";
import type { TrainResult } from "../training/run_job.ts";

/** What a run came to, and what to do next. */
export function describeResult(
  folder: string,
  {
    outcome,
    resumable = true,
    dataFolder,
    epochs,
    best,
    marksNothing,
    budgetSpent,
    recipe,
    syncCommand,
    report,
  }:
    & Omit<TrainResult, "folder" | "resumable">
    & Partial<TrainResult>
    & { readonly report?: string | null },
): string {
  const lines: string[] = [];
  if (!resumable) {
    lines.push("stopped before the first checkpoint: nothing is saved; start again with the same command");
  } else if (outcome === "interrupted") {
    // A dataset elsewhere is not kept with the run.
    const data = withinProject(dataFolder) === null ? ` --data ${dataFolder}` : "";
    lines.push(`saved after epoch ${epochs}; resume with:  deno task train --resume --run ${folder}${data}`);
  } else if (budgetSpent !== undefined) {
    lines.push(
      `stopped after epoch ${epochs}: the budget of ${
        formatSeconds(budgetSpent)
      } is used up; for the remaining epochs` +
        `:  deno task train --resume --run ${folder}`,
    );
  } else if (outcome === "stopped") {
    lines.push(`stopped after epoch ${epochs}: the validation loss no longer falls`);
  } else lines.push(`finished after epoch ${epochs}`);
  if (best) {
    const { metrics } = best;
    const share = (name: string) => formatPercent(metrics[`valid/${name}`]!);
    const fixed = (name: string) => showMetric(metrics[`valid/${name}`]);
    lines.push(
      `best epoch ${best.epoch}: validation loss ${fixed("loss")}, accuracy ${share("accuracy")}, ` +
        `Dice ${fixed("dice")}, IoU ${fixed("iou")}`,
      ...describeClasses(metrics),
      `its weights   ${folder}/best.safetensors`,
      `all numbers   ${folder}/metrics.jsonl, drawn in ${folder}/curves.png`,
    );
  }
  if (report) lines.push(`in one page   ${report}`);
  if (best && outcome !== "interrupted") lines.push(`its card      ${folder}/${RUN_FILES.cardText}`);
  if (syncCommand) lines.push(`to SwanLab    ${syncCommand}`);
  if (outcome !== "interrupted") {
    lines.push(
      `evaluate it   deno task evaluate --run ${folder}${
        dataFolder === FOLDERS.data ? "" : ` --data ${dataFolder}`
      }`,
      marksNothing
        ? `this model marks nothing; ${
          recipe === AUTO_RECIPE
            ? "try a longer --budget"
            : recipe === "strong"
            ? "try more --epochs"
            : "try --recipe strong"
        }`
        : `use it        deno task predict --run ${folder} IMAGE...`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** JSON has no NaN: an undefined metric of a resumed run is null. */
function showMetric(value: number | null | undefined): string {
  return Number.isFinite(value) ? value!.toFixed(4) : "undefined";
}

/** Most classes whose Dice the result lists; `metrics.jsonl` has all. */
const SHOWN_CLASSES = 12;

/** A line with the Dice of each class; none for a single class. */
function describeClasses(metrics: BestEpoch["metrics"]): string[] {
  const all = metricByClass(metrics, "valid", "dice");
  if (all.length === 0) return [];
  const shown = all.slice(0, SHOWN_CLASSES).map(([name, dice]) => `${escapeLine(name)} ${showMetric(dice)}`);
  const more = all.length > shown.length ? `, and ${all.length - shown.length} more` : "";
  return [`Dice by class ${shown.join(", ")}${more}`];
}
