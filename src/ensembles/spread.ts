/**
 * Mean and spread of what several runs came to.
 *
 * @module
 */
import { formatCsv } from "../csv_text.ts";
import type { EnsembleFile } from "../prediction/ensemble_file.ts";
import type { Metrics } from "../tracking/backend.ts";
import type { MemberResult } from "./train_ensemble.ts";

/** A metric over several runs. */
export interface Spread {
  /** Its mean; null if it is undefined in a run. */
  readonly mean: number | null;
  /** The standard deviation, of a sample: divided by one less than there are runs. */
  readonly deviation: number | null;
  /** The least value. */
  readonly least: number | null;
  /** The largest. */
  readonly largest: number | null;
}

/** The metrics of the best epoch of each run, as far as they are validation metrics. */
export function spreadOf(runs: readonly Metrics[]): Record<string, Spread> {
  const names = Object.keys(runs[0] ?? {}).filter((name) => name.startsWith("valid/"));
  return Object.fromEntries(names.map((name) => [name, spread(runs.map((metrics) => metrics[name]!))]));
}

/** Mean and spread of values; all null if one is not finite. */
export function spread(values: readonly (number | null)[]): Spread {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) {
    return { mean: null, deviation: null, least: null, largest: null };
  }
  const numbers = values as readonly number[];
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    deviation: numbers.length === 1 ? 0 : Math.sqrt(squares / (numbers.length - 1)),
    least: Math.min(...numbers),
    largest: Math.max(...numbers),
  };
}

/** A row of the table: a run, its images, and the metrics of its best epoch. */
export interface SpreadRow {
  /** Its number, or `mean` and `deviation`. */
  readonly name: string;
  /** Images that it was validated with; null for the last rows. */
  readonly images: number | null;
  /** Its best epoch. */
  readonly epoch: number | null;
  /** Its metrics. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** The rows of runs, followed by mean and deviation. */
export function spreadRows(
  runs: readonly SpreadRow[],
  spreads: Readonly<Record<string, Spread>>,
): SpreadRow[] {
  const row = (name: "mean" | "deviation"): SpreadRow => ({
    name,
    images: null,
    epoch: null,
    metrics: Object.fromEntries(Object.entries(spreads).map(([metric, spread]) => [metric, spread[name]])),
  });
  return [...runs, row("mean"), row("deviation")];
}

/** The rows as CSV. */
export function spreadTable(kind: string, rows: readonly SpreadRow[]): string {
  const names = Object.keys(rows[0]?.metrics ?? {});
  return formatCsv([
    [kind, "images", "epoch", ...names],
    ...rows.map(({ name, images, epoch, metrics }) => [
      name,
      images,
      epoch,
      ...names.map((metric) => Number.isFinite(metrics[metric]) ? metrics[metric]! : null),
    ]),
  ]);
}

/** Columns of the table for people. */
const SHOWN = [["valid/loss", "loss"], ["valid/dice", "Dice"], ["valid/iou", "IoU"]] as const;

/** The rows as lines for people. */
export function spreadLines(kind: string, rows: readonly SpreadRow[]): string[] {
  const cells = rows.map(({ name, images, epoch, metrics }) => [
    name,
    images === null ? "" : `${images}`,
    epoch === null ? "" : `${epoch}`,
    ...SHOWN.map(([metric]) => Number.isFinite(metrics[metric]) ? metrics[metric]!.toFixed(4) : "undefined"),
  ]);
  const all = [[kind, "images", "epoch", ...SHOWN.map(([, name]) => name)], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join(
      "  ",
    )
  );
}

/** `fold` or `seed`. */
export function kindName({ members }: Pick<EnsembleFile, "members">): string {
  return members.slice(0, -1);
}

/** A row of the table for each run. */
export function rowsOf(members: readonly MemberResult[]): SpreadRow[] {
  return members.map(({ images, best }, index) => ({
    name: `${index}`,
    images,
    epoch: best?.epoch ?? null,
    metrics: Object.fromEntries(
      Object.entries(best?.metrics ?? {}).filter(([name]) => name.startsWith("valid/")),
    ),
  }));
}
