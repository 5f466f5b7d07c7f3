/**
 * One metric over the images of a split.
 *
 * @module
 */
import type { MaskScore } from "./image_score.ts";
import { METRIC_NAMES, type MetricName } from "./metrics.ts";
import { bootstrapMean, type BootstrapOptions, mean, quantile } from "./statistics.ts";

/** One metric over images. */
export interface MetricSummary {
  /** Images for which it is defined; the others are left out. */
  readonly count: number;
  /** Its mean; null without images. */
  readonly mean: number | null;
  /** Its median; null without images. */
  readonly median: number | null;
  /** The bootstrap interval of the mean; null without images. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Every metric over images or over one of their classes. Throws a RangeError for {@linkcode BootstrapOptions} out of bounds. */
export function summarizeMetrics(
  scores: readonly MaskScore[],
  bootstrap: BootstrapOptions,
): Record<MetricName, MetricSummary> {
  const entries = METRIC_NAMES.map((name) => [name, summarizeMetric(scores, name, bootstrap)]);
  return Object.fromEntries(entries) as Record<MetricName, MetricSummary>;
}

function summarizeMetric(
  scores: readonly MaskScore[],
  name: MetricName,
  bootstrap: BootstrapOptions,
): MetricSummary {
  const values = scores.map(({ metrics }) => metrics[name]).filter((value) => value !== null);
  if (values.length === 0) return { count: 0, mean: null, median: null, interval: null };
  return {
    count: values.length,
    mean: mean(values),
    median: quantile(values.toSorted((a, b) => a - b), 0.5),
    interval: bootstrapMean(values, bootstrap),
  };
}
