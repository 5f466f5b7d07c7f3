/**
 * Completes a card by an evaluation: metrics by group with intervals, and the worst images.
 *
 * @module
 */
import { basename } from "node:path";
import type { CaseImages } from "../evaluation/case_images.ts";
import { type ImageScore, trueArea } from "../evaluation/image_score.ts";
import type { MetricSummary } from "../evaluation/metric_summary.ts";
import type { EvaluationReport } from "../evaluation/run_evaluation.ts";
import { bootstrapMean, type BootstrapOptions, mean } from "../evaluation/statistics.ts";
import {
  type CardEvaluation,
  type CardFailure,
  type CardGroup,
  type CardMetric,
  cardSplit,
  type ModelCard,
} from "./card_format.ts";

/** Metrics of a card. */
const METRICS = ["dice", "iou", "sensitivity", "precision", "hausdorff95"] as const;

/** An evaluated split and its files. */
export interface EvaluatedSplit {
  /** The report. */
  readonly report: EvaluationReport;
  /** The drawn images. */
  readonly cases: readonly CaseImages[];
  /** The name of the card's folder of images. */
  readonly imageFolder: string;
}

/** The card with the evaluation, and the drawings by name; null for a split without annotations. */
export function addEvaluation(
  card: ModelCard,
  { report, cases, imageFolder }: EvaluatedSplit,
): { card: ModelCard; drawings: Map<string, Uint8Array> } | null {
  const { summary, scores, split, data, settings: { threshold } } = report;
  if (summary === null) return null;
  const files = (report.sources ?? []).map(({ labels, ...source }) => ({ ...source, mask: labels }));
  const drawings = new Map<string, Uint8Array>();
  const failures = cases.filter(({ rank }) => rank === "worst").map((
    { name, dice, panels },
    index,
  ): CardFailure => ({
    image: name,
    dice,
    files: panels.slice(0, 2).map(({ jpeg }, panel) => {
      const file = `${split.replace(/[^\p{L}\p{N}._-]/gu, "-")}-worst-${index + 1}-${panel + 1}.jpg`;
      drawings.set(file, Uint8Array.fromBase64(jpeg));
      return `${basename(imageFolder)}/${file}`;
    }),
  }));
  const evaluation: CardEvaluation = {
    model: card.model.sha256,
    images: summary.images,
    threshold,
    level: summary.bootstrap.level,
    pooledDice: summary.pooled.dice,
    groups: groupsOf(summary, scores),
    failures,
  };
  return {
    card: {
      ...card,
      data: { ...card.data, [split]: cardSplit(data.fingerprint, files) },
      evaluations: { ...card.evaluations, [split]: evaluation },
    },
    drawings,
  };
}

function groupsOf(
  summary: NonNullable<EvaluationReport["summary"]>,
  scores: readonly ImageScore[],
): CardGroup[] {
  const { withForeground, withoutForeground, classes = [], bootstrap } = summary;
  const empty = withoutForeground.images === 0 ? [] : [{
    name: "without foreground",
    images: withoutForeground.images,
    metrics: {
      "predicted empty": {
        count: withoutForeground.images,
        mean: withoutForeground.predictedEmpty / withoutForeground.images,
        interval: null,
      },
    },
  }];
  return [
    { name: "with foreground", images: withForeground.images, metrics: pick(withForeground.metrics) },
    ...empty,
    ...classes.map(({ name, present, perImage }) => ({
      name: `class ${name}`,
      images: present.images,
      metrics: pick(perImage),
    })),
    ...bySize(scores, bootstrap),
    ...byAppearance(scores, bootstrap),
  ];
}

function pick(metrics: Readonly<Record<string, MetricSummary>>): Record<string, CardMetric> {
  return Object.fromEntries(METRICS.map((name) => {
    const { count, mean, interval } = metrics[name]!;
    return [name, { count, mean, interval }];
  }));
}

/** Thirds of the images with foreground, by its area. */
function bySize(scores: readonly ImageScore[], bootstrap: BootstrapOptions): CardGroup[] {
  const order = scores.filter((score) => trueArea(score) > 0).sort((a, b) => trueArea(a) - trueArea(b));
  if (order.length < 6) return [];
  const third = order.length / 3;
  return ["small", "medium", "large"].map((name, part) =>
    diceGroup(
      `${name} foreground`,
      order.slice(Math.round(part * third), Math.round((part + 1) * third)),
      bootstrap,
    )
  );
}

function byAppearance(scores: readonly ImageScore[], bootstrap: BootstrapOptions): CardGroup[] {
  const unusual = scores.filter(({ appearance }) => appearance?.unusual);
  if (unusual.length === 0) return [];
  const usual = scores.filter(({ appearance }) => appearance && !appearance.unusual);
  return [
    diceGroup("like the training images", usual, bootstrap),
    diceGroup("unlike the training images", unusual, bootstrap),
  ];
}

function diceGroup(name: string, scores: readonly ImageScore[], bootstrap: BootstrapOptions): CardGroup {
  const values = scores.map(({ metrics }) => metrics.dice).filter((value) => value !== null);
  const dice = values.length === 0
    ? { count: 0, mean: null, interval: null }
    : { count: values.length, mean: mean(values), interval: bootstrapMean(values, bootstrap) };
  return { name, images: scores.length, metrics: { dice } };
}
