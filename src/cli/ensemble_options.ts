/**
 * The flags of `train` that ask for several runs, and what these print.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { join } from "node:path";
import type { EnsemblePlan } from "../ensembles/plan_ensemble.ts";
import { kindName, rowsOf, spreadLines, spreadRows } from "../ensembles/spread.ts";
import type { EnsembleChoice, EnsembleResult } from "../ensembles/train_ensemble.ts";
import { escapeLine } from "../escape.ts";
import { formatSeconds, plural } from "../format.ts";
import { FOLDERS, RUN_FILES } from "../fs/layout.ts";
import { isTaken, withinProject } from "../fs/paths.ts";
import { leastMissRate } from "../evaluation/calibration/missed_foreground.ts";
import { MAX_MEMBERS } from "../prediction/ensemble_file.ts";
import { AUTO_RECIPE } from "../training/recipe.ts";
import type { TrainConfig } from "../training/train_config.ts";
import { integer } from "./task.ts";

/** The values of the flags. */
export interface EnsembleFlags extends Pick<TrainConfig, "budget">, Partial<Pick<TrainConfig, "recipe">> {
  readonly folds?: number;
  readonly seeds?: number;
  readonly group?: string;
  readonly resume?: boolean;
  readonly distributed?: boolean;
  readonly corrections?: readonly string[];
}

/** Adds the flags. */
export function addEnsembleOptions(train: Command): void {
  train
    .addOption(
      new Option(
        "--folds <count>",
        "cross-validation: so many runs in RUN/folds, each validated with another part of train and valid, calibrated and " +
          "evaluated on the images that each has not seen",
      ).argParser(integer(2, MAX_MEMBERS)).conflicts("seeds"),
    )
    .option(
      "--group <regex>",
      "with --folds: what images of one patient share in their paths, which stay in one fold as near-duplicates do; " +
        "none: nothing (default: a guess from the names)",
    )
    .option(
      "--seeds <count>",
      "so many runs in RUN/seeds, with this seed and the next ones: their mean and spread",
      integer(2, MAX_MEMBERS),
    );
}

/**
 * What the flags, or the folder of a resumed run, ask for: several runs (`choice` is undefined for those of the folder), or
 * a single one (null).
 *
 * @throws {RangeError} if flags contradict each other
 */
export async function askedEnsemble(
  folder: string,
  { folds, seeds, group, resume, distributed, corrections, budget, recipe }: EnsembleFlags,
): Promise<{ readonly choice: EnsembleChoice | undefined } | null> {
  const isKnown = resume === true && await isTaken(join(folder, RUN_FILES.ensemble));
  const count = folds ?? seeds;
  if (group !== undefined && folds === undefined && !isKnown) {
    throw new RangeError("Cannot use --group without --folds\nhint: add --folds 5");
  }
  if (count === undefined && !isKnown) return null;
  if (distributed) {
    throw new RangeError(
      "Cannot train folds or seeds on several ranks: each of their runs takes one device\n" +
        "hint: leave --distributed out, or train a single run on the ranks without --folds and --seeds",
    );
  }
  if (corrections !== undefined && corrections.length > 0) {
    throw new RangeError(
      "Cannot train folds or seeds with --corrections: their images belong to the training split of a single run\n" +
        "hint: leave --folds and --seeds out to learn from corrections",
    );
  }
  if (budget !== undefined && recipe !== AUTO_RECIPE) {
    throw new RangeError(
      "Cannot train folds or seeds with --budget: runs whose settings follow from the clock cannot be compared\n" +
        `hint: add --recipe ${AUTO_RECIPE}, which chooses the settings once for all of them`,
    );
  }
  if (count === undefined) return { choice: undefined };
  const members = folds === undefined ? "seeds" : "folds";
  return { choice: { members, count, ...(group === undefined ? {} : { group }) } };
}

/** What a dry run prints besides the plan of the first run. */
export function describeEnsemblePlan({ members, count, folds, seconds }: EnsemblePlan): string {
  const sizes = folds?.map(({ images, groups }, fold) =>
    `fold ${fold}        ${plural(images, "image")} to validate with, in ${plural(groups, "group")}\n`
  );
  return `${sizes?.join("") ?? ""}` +
    `runs          ${count} ${members}; the numbers above are those of the first\n` +
    (seconds === null ? "" : `estimated     ${formatSeconds(seconds)} at most for all of them\n`);
}

/** What several runs came to, and what to do next. */
export function describeEnsemble(result: EnsembleResult): string {
  const { folder, kind, members, spread, outOfFold, outcome, dataFolder } = result;
  const place = escapeLine(folder);
  const data = withinProject(dataFolder) === null ? ` --data ${escapeLine(dataFolder)}` : "";
  if (outcome === "interrupted" || spread === null) {
    return `saved; resume all of it with:  deno task train --resume --run ${place}${data}\n`;
  }
  const name = kindName({ members: kind });
  const lines = spreadLines(name, spreadRows(rowsOf(members), spread));
  if (outOfFold !== null) {
    const { splits, calibration, images } = outOfFold;
    for (const [split, { images, pooledDice, meanDice }] of Object.entries(splits)) {
      lines.push(
        `out of fold   ${split}: ${plural(images, "image")}, each by the model that has not seen it: Dice ` +
          `${fixed(pooledDice)} of all pixels, ${fixed(meanDice)} per image`,
      );
    }
    const { temperature, error, missed } = calibration;
    lines.push(
      `calibrated    on ${plural(images, "image")}: temperature ${
        temperature.map((value) => value.toFixed(3)).join(", ")
      }; ` +
        `expected calibration error ${list(error.before)}, now ${
          list(error.after)
        }; ${place}/${RUN_FILES.reliability}`,
    );
    if (missed) {
      lines.push(
        `miss rate     --miss-rate ${leastMissRate(missed)} or more can be promised by ` +
          `${plural(missed.images, "image")} with foreground`,
      );
    }
  }
  const use = dataFolder === FOLDERS.data ? "" : ` --data ${escapeLine(dataFolder)}`;
  lines.push(
    `the model     all ${members.length} together, the mean of their probabilities: --run ${place}; ` +
      `one alone: --run ${place}/${kind}/0`,
    `all numbers   ${place}/${RUN_FILES.ensembleTable} and ${RUN_FILES.ensembleSummary}`,
    `evaluate it   deno task evaluate --run ${place}${use}`,
    `use it        deno task predict --run ${place} IMAGE...`,
  );
  return lines.map((line) => `${line}\n`).join("");
}

function fixed(value: number | null): string {
  return value === null ? "undefined" : value.toFixed(4);
}

function list(values: readonly number[]): string {
  return values.map((value) => value.toFixed(4)).join(", ");
}
