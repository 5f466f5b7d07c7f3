/**
 * What was chosen for a time budget, and why, as lines; and where a long training run is told of it.
 *
 * @module
 */
import { formatSeconds, plural } from "../format.ts";
import type { BudgetCandidate, BudgetChoice, BudgetSettings } from "../training/budget_choice.ts";

/** An epoch that takes longer is worth a word about budgets. */
const LONG_EPOCH_SECONDS = 180;

/** Of more candidates, the first and the last ones are shown. */
const MOST_CANDIDATES = 8;

/** The flag of each setting that a budget chooses. */
const FLAGS: Readonly<Record<keyof BudgetSettings, string>> = {
  filters: "--filters",
  size: "--size",
  batchSize: "--batch-size",
  epochs: "--epochs",
};

/** A choice, what was measured, what was considered, and what the original's settings would take. */
export function describeBudget(choice: BudgetChoice): string {
  const { seconds, speed, candidates, given, expectedSeconds, originalSeconds, images, epochs } = choice;
  const free = (Object.keys(FLAGS) as (keyof BudgetSettings)[]).filter((name) => !given.includes(name));
  const lines = [
    [
      "budget",
      `${formatSeconds(seconds)}: ${settingsOf(choice)}; about ${formatSeconds(expectedSeconds)} here`,
    ],
    ["measured", `${describePoints(choice)}, in ${formatSeconds(speed.seconds)}`],
    ...candidates.map((candidate, index) => [
      index === 0 ? "considered" : "",
      describeCandidate(candidate, {
        chosen: index === candidates.length - 1,
        epochs,
        given: given.includes("epochs"),
      }),
    ]).filter((_, index, all) => index === 0 || index >= all.length - MOST_CANDIDATES),
    [
      "original",
      `the original's settings would take ${formatSeconds(originalSeconds)} here, for ${
        plural(images.train, "image")
      }`,
    ],
    ...(free.length > 0
      ? [["yours", `${free.map((name) => FLAGS[name]).join(", ")} override the choice`]]
      : []),
    ...(expectedSeconds > seconds
      ? [["note", "this is longer than the budget; leave flags out, or give it more time"]]
      : []),
  ];
  return lines.map(([label, text]) => `${label!.padEnd(13)} ${text}\n`).join("");
}

/** What a machine can train in a budget on so many images, with its command. */
export function describeCapacity(choice: BudgetChoice): string[] {
  const { seconds, images, originalSeconds } = choice;
  const { filters, size, epochs } = choice;
  return [
    `in ${formatSeconds(seconds)} it trains ${filters} filters at ${size} px for ${epochs} epochs on ` +
    `${images.train.toLocaleString("en-US")} images; the original's settings would take ${
      formatSeconds(originalSeconds)
    }`,
    `deno task train --budget ${Math.round(seconds / 60)}m, for the best network in that time`,
  ];
}

/** A hint for a run that takes long: none if an epoch is short, or the settings are those of a budget. */
export function describeLongRun(secondsPerEpoch: number, budget: number | undefined): string {
  if (budget !== undefined || secondsPerEpoch < LONG_EPOCH_SECONDS) return "";
  return `${"".padEnd(14)}that is long: --budget 30m chooses filters, size and epochs for this machine\n`;
}

function settingsOf({ filters, size, height, patch, batchSize, epochs }: BudgetChoice): string {
  return `${filters} filters, ${extentsOf({ size, height, patch })}, batches of ${batchSize}, ${epochs} ${
    epochs === 1 ? "epoch" : "epochs"
  }`;
}

function extentsOf(
  { size, height = size, patch }: {
    readonly size: number;
    readonly height?: number | undefined;
    readonly patch?: number | undefined;
  },
): string {
  return `${patch === undefined ? "" : "patches of "}${size} x ${height}`;
}

function describePoints({ speed: { points } }: BudgetChoice): string {
  const filters = [...new Set(points.map(({ filters }) => filters))];
  return filters.map((each) =>
    `${each} filters ${
      points.filter(({ filters }) => filters === each)
        .map(({ pixels, seconds }) =>
          `${formatMilliseconds(seconds)} for ${pixels.toLocaleString("en-US")} pixels`
        ).join(", ")
    }`
  ).join("; ");
}

function formatMilliseconds(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toPrecision(3)} ms` : formatSeconds(seconds);
}

function describeCandidate(
  { filters, size, height = size, patch, secondsPerEpoch, epochs: fitting, wantedEpochs }: BudgetCandidate,
  { chosen, epochs, given }: { chosen: boolean; epochs: number; given: boolean },
): string {
  const input = height === size
    ? `${patch === undefined ? "" : "patches of "}${size} px`
    : `${size} x ${height} px`;
  const cost = `${filters} filters, ${input}: ${formatSeconds(secondsPerEpoch)} per epoch`;
  if (!chosen) return `${cost}, ${fitting} fit, ${wantedEpochs} ${given ? "are asked for" : "are wanted"}`;
  return `${cost}, chosen${fitting < wantedEpochs ? `, although only ${fitting} fit` : ""}${
    epochs === fitting ? "" : `, ${epochs} epochs`
  }`;
}
