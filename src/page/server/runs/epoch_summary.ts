/**
 * A run's log in a few numbers.
 *
 * @module
 */
import type { EpochLine, RunSummary } from "../../api/runs.ts";

/** Epochs that the time of one is estimated from. */
const RECENT = 5;

/** The lines by epoch; of an epoch that was trained again, the last one. */
export function linesByEpoch(lines: readonly EpochLine[]): EpochLine[] {
  const byEpoch = new Map(lines.map((line) => [line.epoch, line]));
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}

/** The fields of a summary that follow from the log. */
type LogSummary = Pick<
  RunSummary,
  | "epoch"
  | "bestDice"
  | "bestDiceEpoch"
  | "bestLoss"
  | "bestLossEpoch"
  | "seconds"
  | "samplesPerSecond"
  | "started"
  | "updated"
>;

/** Sums up a log, whose lines are in the order of their epochs. */
export function summarizeLines(lines: readonly EpochLine[]): LogSummary {
  const dice = best(lines, "valid/dice", (value, before) => value > before);
  const loss = best(lines, "valid/loss", (value, before) => value < before);
  const last = lines.at(-1);
  const [first] = lines;
  const seconds = lines.map(({ metrics }) => metrics.seconds).filter((value) => typeof value === "number");
  const begun = first?.time ? Date.parse(first.time) - 1000 * (first.metrics.seconds ?? 0) : NaN;
  return {
    epoch: last?.epoch ?? 0,
    bestDice: dice?.value ?? null,
    bestDiceEpoch: dice?.epoch ?? null,
    bestLoss: loss?.value ?? null,
    bestLossEpoch: loss?.epoch ?? null,
    seconds: seconds.length === 0 ? null : seconds.reduce((sum, value) => sum + value, 0),
    samplesPerSecond: last?.metrics.samples_per_second ?? null,
    started: Number.isNaN(begun) ? null : new Date(begun).toISOString(),
    updated: last?.time ?? null,
  };
}

/** Seconds from the end of the last finished epoch to that of the last of `epochs`; null if that cannot be told. */
export function secondsUntilEnd(lines: readonly EpochLine[], epochs: number | null): number | null {
  const recent = lines.slice(-RECENT).map(({ metrics }) => metrics.seconds)
    .filter((value) => typeof value === "number");
  const last = lines.at(-1);
  if (last === undefined || recent.length === 0 || epochs === null) return null;
  const perEpoch = recent.reduce((sum, value) => sum + value, 0) / recent.length;
  return Math.max(0, epochs - last.epoch) * perEpoch;
}

function best(
  lines: readonly EpochLine[],
  metric: string,
  isBetter: (value: number, before: number) => boolean,
): { readonly value: number; readonly epoch: number } | null {
  let found: { value: number; epoch: number } | null = null;
  for (const { epoch, metrics } of lines) {
    const value = metrics[metric];
    if (typeof value === "number" && (found === null || isBetter(value, found.value))) {
      found = { value, epoch };
    }
  }
  return found;
}
