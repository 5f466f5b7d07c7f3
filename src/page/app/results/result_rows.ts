/**
 * The rows of the table of images: what they show, which are filtered, and how they are ordered.
 * This module is browser compatible.
 *
 * @module
 */
import { METRIC_NAMES, type MetricName, METRICS } from "../../../evaluation/metrics.ts";
import { predictedArea, trueArea } from "../../../evaluation/image_score.ts";
import type { ImageResult, ResultScore } from "../../api/results.ts";
import { scoreOf } from "./measured_image.ts";

/** A row: an image with the scores of the chosen class. */
export interface ResultRow {
  readonly name: string;
  readonly score: ResultScore;
}

/** Which images are shown. */
export type ResultFilter = "all" | "foreground" | "empty" | "missed" | "false";

/** The filters in their order, with what they are called. */
export const FILTERS: Readonly<Record<ResultFilter, { readonly label: string; readonly shows: Shows }>> = {
  all: { label: "All images", shows: () => true },
  foreground: { label: "With foreground", shows: ({ score }) => trueArea(score) > 0 },
  empty: { label: "No foreground", shows: ({ score }) => trueArea(score) === 0 },
  missed: { label: "Missed lesions", shows: ({ score }) => score.lesions.missed > 0 },
  false: { label: "False lesions", shows: ({ score }) => score.lesions.false > 0 },
};

type Shows = (row: ResultRow) => boolean;

/** The rows of a class, or of all classes for null. */
export function resultRows(scores: readonly ImageResult[], className: string | null): ResultRow[] {
  return scores.map((result) => ({ name: result.name, score: scoreOf(result, className) }));
}

/** The rows that a filter and a text leave: the text occurs in the name, in any case. */
export function filterRows(rows: readonly ResultRow[], filter: ResultFilter, text: string): ResultRow[] {
  const wanted = text.trim().toLowerCase();
  const { shows } = FILTERS[filter];
  return rows.filter((row) => shows(row) && row.name.toLowerCase().includes(wanted));
}

/** A number of a row: its column's key, heading, explanation and value. */
export interface ResultColumn {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly kind: "share" | "distance" | "count";
  readonly value: (row: ResultRow) => number | null;
  /** Whether large values are bad. */
  readonly worstFirst: "ascending" | "descending";
}

/** What metrics mean; those without an entry have their label only. */
const HELP: Partial<Record<MetricName, string>> = {
  dice: "2 TP / (2 TP + FP + FN)",
  iou: "TP / (TP + FP + FN)",
  sensitivity: "The share of the true foreground that is found",
  precision: "The share of the prediction that is true",
  specificity: "The share of the background that is predicted as background",
  accuracy: "The share of all pixels that are correct",
  hausdorff95: "95th percentile of the distances between the outlines",
  averageSurfaceDistance: "Mean distance between the outlines",
};

/** Headings that are shorter than those of reports. */
const TITLES: Partial<Record<MetricName, string>> = {
  sensitivity: "Sens.",
  precision: "Prec.",
  specificity: "Spec.",
  accuracy: "Acc.",
  averageSurfaceDistance: "ASD",
};

/** The columns, all of numbers; `unit` is that of distances. */
export function resultColumns(unit: "px" | "mm"): ResultColumn[] {
  const metrics = METRIC_NAMES.map((name): ResultColumn => {
    const { label, isDistance } = METRICS[name];
    const title = TITLES[name] ?? label;
    return {
      key: name,
      title: isDistance ? `${title} ${unit}` : title,
      help: HELP[name] === undefined ? label : `${label}: ${HELP[name]}`,
      kind: isDistance ? "distance" : "share",
      value: ({ score }) => score.metrics[name],
      worstFirst: isDistance ? "descending" : "ascending",
    };
  });
  const counts: [string, string, string, (score: ResultScore) => number][] = [
    ["missed", "Missed les.", "True lesions without a predicted pixel", ({ lesions }) => lesions.missed],
    ["false", "False les.", "Predicted lesions without a true pixel", ({ lesions }) => lesions.false],
    ["truth", "True les.", "True lesions", ({ lesions }) => lesions.truth],
    ["predicted", "Pred. les.", "Predicted lesions", ({ lesions }) => lesions.predicted],
    ["trueArea", "True px", "Area of the true mask in compared pixels", trueArea],
    ["predictedArea", "Pred. px", "Area of the predicted mask in compared pixels", predictedArea],
  ];
  return [
    ...metrics,
    ...counts.map(([key, title, help, of]): ResultColumn => ({
      key,
      title,
      help,
      kind: "count",
      value: ({ score }) => of(score),
      worstFirst: "descending",
    })),
  ];
}
