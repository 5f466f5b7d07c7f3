/**
 * `--miss-rate`: the threshold that keeps a promise about missed foreground.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { thresholdForMissRate } from "../evaluation/calibration/missed_foreground.ts";
import type { ImageScore } from "../evaluation/image_score.ts";
import type { EvaluationReport } from "../evaluation/run_evaluation.ts";
import { mean } from "../evaluation/statistics.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import type { ModelFlags } from "./model.ts";
import { GROUPS, number } from "./task.ts";

/** The values of the flags that the promise depends on. */
export interface MissRateFlags extends ModelFlags {
  /** The share of an image's foreground that may be missed in the mean. */
  readonly missRate?: number;
  /** Whether lesions are removed. */
  readonly largest?: boolean;
  /** The fewest pixels of a lesion. */
  readonly minArea?: number;
}

/** Adds the flag. */
export function addMissRate(command: Command): Command {
  return command.optionsGroup(GROUPS.model).addOption(
    new Option(
      "--miss-rate <share>",
      "take the threshold at which, in the mean over images like those that calibrated the models, at most this share of " +
        "the foreground is missed; refused if these were too few",
    ).argParser((text) => {
      const value = number(0, 1)(text);
      if (value > 0 && value < 1) return value;
      throw new InvalidArgumentError("expected a number between 0 and 1.");
    }).conflicts("threshold"),
  );
}

/**
 * The threshold of a promised rate; undefined if none is asked for.
 *
 * @throws {RangeError} if the models cannot promise it, or another flag would break it
 */
export function thresholdOfMissRate(
  { missRate, ...flags }: MissRateFlags,
  { description: { calibration } }: Pick<ImagePredictor, "description">,
): number | undefined {
  if (missRate === undefined) return undefined;
  const broken = ([
    ["largest", "--largest"],
    ["minArea", "--min-area"],
    ["size", "--size"],
    ["normalize", "--normalize"],
    ["range", "--range"],
    ["flips", "--flips"],
    ["adapt", "--adapt"],
  ] as const).filter(([name]) => flags[name]).map(([, flag]) => flag);
  if (broken.length > 0) {
    throw new RangeError(
      `Cannot promise a miss rate with ${broken.join(" and ")}: the models were calibrated without\n` +
        `hint: leave ${broken.join(" and ")} out, or choose a threshold yourself with --threshold`,
    );
  }
  if (calibration?.missed !== undefined) return thresholdForMissRate(calibration.missed, missRate);
  const why = calibration === undefined
    ? "no image that the model has not seen has calibrated it"
    : "the models are not those of one cross-validation, or none of its images has foreground";
  throw new RangeError(
    `Cannot promise a miss rate of ${missRate}: ${why}\n` +
      "hint: deno task train --folds 5 trains models that can; name the folder of such a run with --run",
  );
}

/** The mean share of the foreground that was missed, over images with foreground; null for none. */
export function missedOf(scores: readonly Pick<ImageScore, "pixels">[]): number | null {
  const shares = scores.flatMap(({ pixels: { truePositives, falseNegatives } }) => {
    const all = truePositives + falseNegatives;
    return all === 0 ? [] : [falseNegatives / all];
  });
  return shares.length === 0 ? null : mean(shares);
}

/** What the threshold is, as a line. */
export function describePromise(rate: number, threshold: number): string {
  return `threshold ${threshold}: at most ${rate} of the foreground is missed, in the mean over images like those that ` +
    "calibrated the model\n";
}

/**
 * What was missed, as a line; empty without foreground, and of classes that exclude each other: their pixel counts do not
 * tell a pixel of another class, which is found, from one of the background.
 */
export function describeMissed(
  rate: number,
  { scores, settings: { head } }: Pick<EvaluationReport, "scores" | "settings">,
): string {
  const missed = head === "softmax" ? null : missedOf(scores);
  return missed === null
    ? ""
    : `missed       ${missed.toFixed(4)} of the foreground per image; promised ${rate}\n`;
}
