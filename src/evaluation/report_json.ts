/**
 * An evaluation as the JSON document of `test.json` and `evaluate --json`: the only place that knows its keys.
 *
 * @module
 */
import type { ImageScore } from "./image_score.ts";
import type { EvaluationReport } from "./run_evaluation.ts";
import type { EvaluationSummary } from "./summary.ts";

/**
 * The document of a report; `provenance` describes model and device.
 *
 * Scripts read these keys, so they stay what version 0.1.0 wrote even where the code has better names for them. Only
 * several classes add keys: `classes` with an entry per name, `scores[].classes`, and `summary.meanOverClasses`.
 */
export function reportDocument(
  report: EvaluationReport,
  provenance: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { split, data: { images, ...data }, settings, loss, summary, appearance, scores, audit, files } =
    report;
  return {
    split,
    data: { pictures: images, ...data },
    settings,
    loss,
    summary: summary && summaryDocument(summary),
    ...(summary?.classes && { classes: byName(summary.classes) }),
    ...(appearance && { appearance }),
    scores: scores.map(scoreDocument),
    audit,
    ...provenance,
    files,
  };
}

function summaryDocument({ images, withForeground, withoutForeground, ...summary }: EvaluationSummary) {
  const { pixels, pooled, baselineAccuracy, lesions, bootstrap, classMeans } = summary;
  return {
    pictures: images,
    pixels,
    pooled,
    baselineAccuracy,
    lesions,
    tumor: countedAsPictures(withForeground),
    noTumor: countedAsPictures(withoutForeground),
    ...(classMeans && { meanOverClasses: classMeans.perImage }),
    bootstrap,
  };
}

function scoreDocument({ classes, ...score }: ImageScore) {
  return classes === undefined ? score : { ...score, classes: byName(classes) };
}

function byName<Named extends { readonly name: string }>(classes: readonly Named[]) {
  return Object.fromEntries(classes.map(({ name, ...rest }) => [name, rest]));
}

function countedAsPictures<T extends { readonly images: number }>({ images, ...rest }: T) {
  return { pictures: images, ...rest };
}
