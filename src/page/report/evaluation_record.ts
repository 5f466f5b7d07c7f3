/**
 * An evaluation as its JSON file tells it. The file may be of any version and hold anything: what is not as expected is
 * undefined.
 *
 * @module
 */
import { isRecord } from "../../fs/json_shape.ts";
import { METRIC_NAMES, type MetricName } from "../../evaluation/metrics.ts";

/** A number of the file; null where it is undefined. */
export type Value = number | null;

/** One metric over images. */
export interface MetricRecord {
  /** Images for which it is defined. */
  readonly count: Value;
  /** Its mean. */
  readonly mean: Value;
  /** Its median. */
  readonly median: Value;
  /** The interval of the mean. */
  readonly interval: readonly [low: Value, high: Value];
}

/** What is measured over a split: of everything, or of one class. */
export interface MeasuredRecord {
  /** Name of the class; empty for everything. */
  readonly name: string;
  /** The confusion matrix. */
  readonly pixels: Readonly<Record<PixelKind, Value>>;
  /** Metrics over all pixels. */
  readonly pooled: Readonly<Record<MetricName, Value>>;
  /** The accuracy of an empty prediction. */
  readonly baselineAccuracy: Value;
  /** Lesions. */
  readonly lesions: Readonly<Record<LesionKind, Value>>;
  /** Metrics over images with foreground. */
  readonly perImage: Readonly<Record<MetricName, MetricRecord>>;
  /** Images with foreground. */
  readonly images: Value;
  /** How many of them are predicted empty. */
  readonly predictedEmpty: Value;
  /** Images without foreground. */
  readonly without: Value;
  /** How many of them are predicted empty. */
  readonly withoutEmpty: Value;
}

const PIXELS = ["truePositives", "falsePositives", "falseNegatives", "trueNegatives"] as const;
const LESIONS = ["truth", "predicted", "missed", "false"] as const;

/** A cell of the confusion matrix. */
export type PixelKind = typeof PIXELS[number];

/** A count of lesions. */
export type LesionKind = typeof LESIONS[number];

/** The scores of one image. */
export interface ScoreRecord {
  /** The image's name. */
  readonly name: string;
  /** Its metrics. */
  readonly metrics: Readonly<Record<MetricName, Value>>;
  /** Its confusion matrix. */
  readonly pixels: Readonly<Record<PixelKind, Value>>;
  /** Its lesions. */
  readonly lesions: Readonly<Record<LesionKind, Value>>;
}

/** An evaluation of a split. */
export interface EvaluationRecord {
  /** The split. */
  readonly split: string;
  /** Images of the split. */
  readonly images: Value;
  /** Whether it is annotated. */
  readonly annotated: boolean;
  /** SHA-256 of names, images and annotations. */
  readonly fingerprint: string;
  /** What was left out or is invalid. */
  readonly problems: number;
  /** The threshold of probabilities; null for the most probable class. */
  readonly threshold: Value;
  /** Width of the compared masks in pixels. */
  readonly size: Value;
  /** Their height. */
  readonly height: Value;
  /** Whether masks are compared at each image's own size instead. */
  readonly atOwnSize: boolean;
  /** Millimeters between rows and columns; null for pixels. */
  readonly spacing: readonly Value[] | null;
  /** `px` or `mm`. */
  readonly unit: string;
  /** The loss. */
  readonly loss: Value;
  /** Everything together; null without annotations. */
  readonly total: MeasuredRecord | null;
  /** Each of several classes. */
  readonly classes: readonly MeasuredRecord[];
  /** The means over classes of the means over images. */
  readonly meanOverClasses: Readonly<Record<MetricName, Value>>;
  /** Confidence level, seed and resamples of the intervals. */
  readonly bootstrap: Readonly<Record<"level" | "seed" | "resamples", Value>>;
  /** The scores of each image. */
  readonly scores: readonly ScoreRecord[];
  /** Findings of the audit; null if it was not asked for. */
  readonly findings: Value;
  /** The model: file name without folders, SHA-256 and epoch; empty and null where unknown. */
  readonly model: { readonly file: string; readonly sha256: string; readonly epoch: Value };
  /** Adapter, arithmetic, and whether mirrored copies were averaged. */
  readonly device: { readonly adapter: string; readonly kernels: string; readonly flips: boolean };
}

/** Reads an evaluation's document; null if it is none of a split of this name. */
export function readEvaluation(document: unknown, split: string): EvaluationRecord | null {
  if (!isRecord(document) || document.split !== split || !Array.isArray(document.scores)) return null;
  if (!isRecord(document.settings) || !isRecord(document.data)) return null;
  const { data, settings, summary } = document;
  const [model, device] = [recordOf(document.model), recordOf(document.device)];
  const { spacing } = settings;
  return {
    split,
    images: valueOf(data.pictures),
    annotated: data.annotated === true,
    fingerprint: textOf(data.fingerprint),
    problems: Array.isArray(data.problems) ? data.problems.length : 0,
    threshold: valueOf(settings.threshold),
    size: valueOf(settings.size),
    height: valueOf(settings.height ?? settings.size),
    atOwnSize: settings.compared === "image",
    spacing: Array.isArray(spacing) ? spacing.slice(0, 2).map(valueOf) : null,
    unit: settings.unit === "mm" ? "mm" : "px",
    loss: valueOf(recordOf(recordOf(document.loss).weighted).loss),
    total: isRecord(summary) ? totalOf(summary) : null,
    classes: Object.entries(recordOf(document.classes)).map(([name, value]) =>
      classOf(name, recordOf(value))
    ),
    meanOverClasses: valuesOf(METRIC_NAMES, recordOf(summary).meanOverClasses),
    bootstrap: valuesOf(["level", "seed", "resamples"], recordOf(summary).bootstrap),
    scores: document.scores.filter(isRecord).map(scoreOf),
    findings: Array.isArray(document.audit) ? document.audit.length : null,
    model: {
      file: textOf(model.file).split(/[\\/]/).at(-1)!,
      sha256: textOf(model.sha256),
      epoch: valueOf(model.epoch),
    },
    device: {
      adapter: textOf(device.adapter),
      kernels: textOf(device.kernels),
      flips: device.flips === true,
    },
  };
}

function totalOf(summary: Record<string, unknown>): MeasuredRecord {
  const [tumor, none] = [recordOf(summary.tumor), recordOf(summary.noTumor)];
  return {
    ...measuredOf("", summary, tumor.metrics),
    images: valueOf(tumor.pictures),
    predictedEmpty: valueOf(tumor.predictedEmpty),
    without: valueOf(none.pictures),
    withoutEmpty: valueOf(none.predictedEmpty),
  };
}

function classOf(name: string, value: Record<string, unknown>): MeasuredRecord {
  const [present, absent] = [recordOf(value.present), recordOf(value.absent)];
  return {
    ...measuredOf(name, value, value.perImage),
    images: valueOf(present.images),
    predictedEmpty: valueOf(present.predictedEmpty),
    without: valueOf(absent.images),
    withoutEmpty: valueOf(absent.predictedEmpty),
  };
}

function measuredOf(name: string, value: Record<string, unknown>, perImage: unknown) {
  const metrics = recordOf(perImage);
  return {
    name,
    pixels: valuesOf(PIXELS, value.pixels),
    pooled: valuesOf(METRIC_NAMES, value.pooled),
    baselineAccuracy: valueOf(value.baselineAccuracy),
    lesions: valuesOf(LESIONS, value.lesions),
    perImage: Object.fromEntries(
      METRIC_NAMES.map((metric) => [metric, metricOf(recordOf(metrics[metric]))]),
    ) as Record<MetricName, MetricRecord>,
  };
}

function metricOf({ count, mean, median, interval }: Record<string, unknown>): MetricRecord {
  const [low, high] = Array.isArray(interval) ? interval : [];
  return {
    count: valueOf(count),
    mean: valueOf(mean),
    median: valueOf(median),
    interval: [valueOf(low), valueOf(high)],
  };
}

function scoreOf(score: Record<string, unknown>): ScoreRecord {
  return {
    name: textOf(score.name),
    metrics: valuesOf(METRIC_NAMES, score.metrics),
    pixels: valuesOf(PIXELS, score.pixels),
    lesions: valuesOf(LESIONS, score.lesions),
  };
}

function valuesOf<Name extends string>(names: readonly Name[], value: unknown): Record<Name, Value> {
  const record = recordOf(value);
  return Object.fromEntries(names.map((name) => [name, valueOf(record[name])])) as Record<Name, Value>;
}

/** The object, or an empty one. */
export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The finite number, or null. */
export function valueOf(value: unknown): Value {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The text, or an empty one. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
