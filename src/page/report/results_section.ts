/**
 * What an evaluation measured, as tables next to a prediction of nothing.
 *
 * @module
 */
import { METRIC_NAMES, type MetricName, METRICS } from "../../evaluation/metrics.ts";
import { overlapMetrics } from "../../evaluation/pixel_counts.ts";
import { evaluationNames } from "../../fs/layout.ts";
import type { EvaluationRecord, MeasuredRecord, MetricRecord, Value } from "./evaluation_record.ts";
import { histogram } from "./histogram.ts";
import { type Content, type Html, markup, shorten } from "./html.ts";
import { count, counted, DIGITS, interval, number } from "./numbers.ts";
import type { ShownEvaluation } from "./records.ts";

/** Most classes of a table, and characters of their names. */
const MOST_CLASSES = 60, CLASS_CHARACTERS = 120;

/** Metrics of the table of classes. */
const CLASS_METRICS: readonly MetricName[] = ["dice", "iou", "sensitivity", "precision", "hausdorff95"];

/** Digits of a metric. */
export function digitsOf(metric: MetricName): number {
  return METRICS[metric].isDistance ? DIGITS.distance : DIGITS.share;
}

/** The label of a metric, with the unit of distances. */
export function labelOf(metric: MetricName, unit: string): string {
  const { label, isDistance } = METRICS[metric];
  const text = label === "avg surface dist" ? "mean surface distance" : label;
  return `${text[0]!.toUpperCase()}${text.slice(1)}${isDistance ? ` (${unit})` : ""}`;
}

/** The numbers of an evaluation. */
export function resultsOf(evaluation: ShownEvaluation): Html {
  const { total, classes, scores, bootstrap } = evaluation;
  if (total === null) {
    return markup`<p>This split has no annotations: nothing is measured${
      evaluation.findings !== null &&
      markup`. The audit found foreground in <data value="${evaluation.findings}">${evaluation.findings}</data> images`
    }.</p>`;
  }
  const level = `${Number((100 * (bootstrap.level ?? 0.95)).toFixed(2))} %`;
  const dice = scores.map(({ metrics }) => metrics.dice).filter((value) => value !== null);
  return markup`${describeSplit(evaluation, total)}
${classes.length > 0 ? classTable(evaluation, total, level) : metricTable(total, evaluation.unit, level)}
${
    dice.length > 1 &&
    markup`<div class="charts">${
      histogram(
        `Dice of ${dice.length} images${
          classes.length > 0 ? ", means of their classes" : " with true or predicted foreground"
        }`,
        dice,
        null,
      )
    }</div>`
  }`;
}

function describeSplit(evaluation: EvaluationRecord, total: MeasuredRecord): Html {
  const { images, size, height, atOwnSize, threshold, loss, problems, findings } = evaluation;
  const lesions = total.lesions;
  const sentences: Content[] = [
    markup`<p>${counted(images ?? 0, "image")}: ${count(total.images)} with foreground, ${
      count(total.without)
    } without. Masks are compared at ${
      atOwnSize ? "the size of each image" : markup`${count(size)} × ${count(height)} px`
    }; a pixel ${
      threshold === null
        ? "has its most probable class"
        : markup`is foreground above the probability <data value="${threshold}">${threshold}</data>`
    }.${
      loss !== null && markup`
        The training loss is ${number(loss, 4)}.
      `
    }</p>`,
    markup`<p>Lesions: ${count(lesions.truth)} annotated, of which <b>${count(lesions.missed)} missed</b>; ${
      count(lesions.predicted)
    } predicted, of which <b>${count(lesions.false)} false</b>.${
      (total.predictedEmpty ?? 0) > 0 &&
      markup`
        Nothing is predicted in ${count(total.predictedEmpty)} of the images with foreground.
      `
    }${
      (total.without ?? 0) > 0 &&
      markup`
        Of the ${count(total.without)} without, ${count(total.withoutEmpty)} are correctly predicted empty.
      `
    }</p>`,
    problems > 0 &&
    markup`
      <p
        class="note">${
      counted(
        problems,
        "problem",
      )
    } of the split: images or annotations that were left out or are invalid; <code>deno task inspect</code> lists them.</p>
    `,
    findings !== null &&
    markup`<p>The audit found ${counted(findings, "annotation")} that the model contradicts: <code>${
      evaluationNames(evaluation.split).auditCsv
    }</code>.</p>`,
  ];
  return markup`${sentences}`;
}

/** What a prediction of nothing has: the product's own metrics of these counts. */
function baselineOf({ pixels, baselineAccuracy }: MeasuredRecord): Readonly<Record<MetricName, Value>> {
  const { truePositives: hit, falsePositives: wrong, falseNegatives: missed, trueNegatives: rest } = pixels;
  const nothing = { hausdorff95: null, averageSurfaceDistance: null };
  if (hit === null || wrong === null || missed === null || rest === null) {
    const unknown = { dice: null, iou: null, sensitivity: null, precision: null, specificity: null };
    return { ...unknown, ...nothing, accuracy: baselineAccuracy };
  }
  const counts = {
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: hit + missed,
    trueNegatives: rest + wrong,
  };
  return { ...overlapMetrics(counts), ...nothing, accuracy: baselineAccuracy };
}

function metricTable(total: MeasuredRecord, unit: string, level: string): Html {
  const baseline = baselineOf(total);
  return markup`
    <div class="scroll">
      <table class="metrics">
        <caption><span>All pixels together, next to a prediction of background only; and the mean over images with foreground, with its ${level} bootstrap interval.</span></caption>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">All pixels</th>
            <th scope="col">All background</th>
            <th scope="col">Mean per image</th>
            <th scope="col">${level} interval</th>
            <th scope="col">Median</th>
            <th scope="col">Images</th>
          </tr>
        </thead>
        <tbody>${
    METRIC_NAMES.map((metric) => {
      const digits = digitsOf(metric);
      const { mean, median, interval: bounds, count: images } = total.perImage[metric];
      return markup`
            <tr data-metric="${metric}">
              <th scope="row">${labelOf(metric, unit)}</th>
              <td>${number(total.pooled[metric], digits)}</td>
              <td>${number(baseline[metric], digits)}</td>
              <td>${number(mean, digits)}</td>
              <td>${interval(bounds, digits) ?? number(null, 0)}</td>
              <td>${number(median, digits)}</td>
              <td>${count(images)}</td>
            </tr>
          `;
    })
  }</tbody>
      </table>
    </div>
  `;
}

function classTable(evaluation: ShownEvaluation, total: MeasuredRecord, level: string): Html {
  const { classes, unit, split, meanOverClasses } = evaluation;
  const shown = classes.slice(0, MOST_CLASSES);
  return markup`
    <div class="scroll">
      <table class="metrics classes">
        <caption><span>Each class: the mean over images that have it in truth or prediction, with its ${level} bootstrap interval; Dice and accuracy of all pixels; the accuracy of predicting none of it; lesions.</span></caption>
        <thead>
          <tr><th scope="col">Class</th><th scope="col">Images</th>${
    CLASS_METRICS.map((metric) => markup`<th scope="col">${labelOf(metric, unit)}</th>`)
  }<th scope="col">Dice, all pixels</th><th scope="col">Accuracy</th><th scope="col">All background</th><th scope="col">Missed</th><th scope="col">False</th></tr>
        </thead>
        <tbody>${
    shown.map((each) =>
      markup`
            <tr
              data-class="${shorten(each.name, CLASS_CHARACTERS)}"><th scope="row">${
        swatch(
          evaluation.colors.get(each.name),
        )
      }${shorten(each.name, CLASS_CHARACTERS)}</th><td>${count(each.images)}</td>${
        CLASS_METRICS.map(
          (metric) => markup`<td>${meanCell(each.perImage[metric], digitsOf(metric))}</td>`,
        )
      }<td>${number(each.pooled.dice, 4)}</td><td>${
        number(
          each.pooled.accuracy,
          4,
        )
      }</td><td>${number(each.baselineAccuracy, 4)}</td><td>${count(each.lesions.missed)} of ${
        count(
          each.lesions.truth,
        )
      }</td><td>${count(each.lesions.false)}</td></tr>
          `
    )
  }<tr data-class=""><th scope="row"><b>Mean of classes</b></th><td>${
    count(
      total.images,
    )
  }</td>${
    CLASS_METRICS.map((metric) => markup`<td>${number(meanOverClasses[metric], digitsOf(metric))}</td>`)
  }<td>${number(total.pooled.dice, 4)}</td><td>${number(total.pooled.accuracy, 4)}</td><td>${
    number(
      total.baselineAccuracy,
      4,
    )
  }</td><td>${count(total.lesions.missed)} of ${count(total.lesions.truth)}</td><td>${
    count(
      total.lesions.false,
    )
  }</td></tr></tbody>
      </table>
    </div>${
    classes.length > shown.length &&
    markup`<p class="muted">${classes.length - shown.length} more classes are in <code>${
      evaluationNames(split).classesCsv
    }</code>.</p>`
  }
  `;
}

function meanCell({ mean, interval: bounds }: MetricRecord, digits: number): Html {
  const range = interval(bounds, digits);
  return markup`${number(mean, digits)}${range && markup`<br><span class="muted">${range}</span>`}`;
}

/** A square of a color; nothing without one. */
export function swatch(color: string | undefined): Html | null {
  return color === undefined ? null : markup`
    <svg class="swatch" viewBox="0 0 14 14" aria-hidden="true">
      <rect width="14" height="14" fill="${color}" />
    </svg>
  `;
}
