/**
 * Finds images whose annotation the model contradicts: candidates for missing and wrong labels.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Box, labelComponents } from "../image/components.ts";
import type { Mask } from "../image/mask.ts";
import { classMargins, type Margins } from "../prediction/class_masks.ts";
import { assertProbabilities, type ProbabilityMap } from "../prediction/probability_map.ts";
import { thresholdMask } from "../prediction/postprocess.ts";
import { ORIGINAL_INPUT } from "../unet/model_format.ts";
import { assertComparable } from "./pixel_counts.ts";

/** How the model and the annotation differ; {@linkcode AUDIT_REASONS} describes each. */
export type AuditKind = "missing" | "wrong" | "differs";

/** A description of each kind. */
export const AUDIT_REASONS: Readonly<Record<AuditKind, string>> = {
  missing: "probably a missing annotation",
  wrong: "annotated, but the model finds nothing",
  differs: "outlines differ",
};

/** The strongest contradiction between the model and the annotation of an image. */
export interface AuditFinding {
  /** The image's name. */
  readonly name: string;
  /** The class in question, if there are several. */
  readonly class?: string;
  /** How strong the contradiction is, 0 to 1; see {@linkcode auditImage}. */
  readonly score: number;
  /** How model and annotation differ. */
  readonly kind: AuditKind;
  /** The description of the kind. */
  readonly reason: string;
  /** The bounding box of the lesion in question, predicted or annotated. */
  readonly box: Box;
  /** Pixels of the lesion on which model and annotation disagree. */
  readonly pixels: number;
  /** Mean certainty of the model in these pixels: 0 at the threshold, 1 at a probability of 0 or 1. */
  readonly certainty: number;
}

/** How {@linkcode auditImage} decides. */
export interface AuditOptions {
  /** The probability above which a pixel is foreground, between 0 and 1; defaults to 0.5. */
  readonly threshold?: number;
  /** Pixels that count in nothing. */
  readonly ignored?: Mask | undefined;
}

/** What a model says of one class. */
export interface ClassMargins {
  /** Its name; null if it is the only one. */
  readonly name: string | null;
  /** How certain the model is of it in each pixel. */
  readonly margins: Margins;
}

/**
 * Finds the lesion in which the model contradicts the annotation of an image most; null if they agree in every pixel,
 * or differ only where the model is undecided.
 *
 * The union of predicted and annotated pixels is split into connected components. In each, the pixels that only one of
 * the two has are weighted by the model's certainty; their sum is the evidence `e` in pixels, and a component of `n`
 * pixels scores
 *
 *     e * (e / n) / (pixels of the image)
 *
 * The share `e / n` is close to 1 for a lesion that only one of them has, and small for outlines that differ along the
 * rim: otherwise the rim of a large lesion would outweigh a small one that is not annotated at all. Summing
 * self-confidence over contradicted labels is the idea of confident learning (Northcutt, Jiang and Chuang, Journal of
 * Artificial Intelligence Research 70, 2021), applied per lesion.
 *
 * A high score says that one of the two is wrong, not which: a poor model contradicts good annotations. Probabilities
 * and annotation must have the same size.
 *
 * @throws {TypeError} if the sizes differ
 * @throws {RangeError} if the threshold or a probability is out of bounds
 */
export function auditImage(
  name: string,
  probabilities: ProbabilityMap,
  annotation: Mask,
  options: AuditOptions = {},
): AuditFinding | null {
  const { threshold = ORIGINAL_INPUT.threshold, ignored } = options;
  if (!(threshold > 0 && threshold < 1)) {
    throw new RangeError(`Cannot audit at threshold ${threshold}: expected a number between 0 and 1`);
  }
  assertProbabilities(probabilities, "audit an image");
  assertComparable(thresholdMask(probabilities, threshold), annotation, "audit an image");
  const [margins] = classMargins([probabilities], "sigmoid", threshold);
  return auditClass(
    name,
    { name: null, margins: margins! },
    annotation,
    ignored,
  );
}

/**
 * {@linkcode auditImage} for one class, by how certain the model is of it. Ignored pixels count as neither predicted nor
 * annotated.
 */
export function auditClass(
  name: string,
  { name: className, margins }: ClassMargins,
  annotation: Mask,
  ignored?: Mask,
): AuditFinding | null {
  const { width, height } = annotation;
  const counts = (at: number) => ignored === undefined || ignored.data[at] === 0;
  const either = annotation.data.map((value, at) => counts(at) && (value !== 0 || margins[at]! > 0) ? 1 : 0);
  const { labels, lesions } = labelComponents({ width, height, data: either });
  const parts = lesions.map(() => ({ evidence: 0, pixels: 0, predicted: false, annotated: false }));
  labels.forEach((label, at) => {
    if (label === 0) return;
    const part = parts[label - 1]!;
    const [sees, outlined] = [margins[at]! > 0, annotation.data[at] !== 0];
    part.predicted ||= sees;
    part.annotated ||= outlined;
    if (sees === outlined) return;
    part.pixels++;
    part.evidence += Math.abs(margins[at]!);
  });
  let worst: AuditFinding | null = null;
  parts.forEach(({ evidence, pixels, predicted, annotated }, index) => {
    const { area, box } = lesions[index]!;
    const score = evidence * evidence / area / labels.length;
    if (score <= (worst?.score ?? 0)) return;
    const kind = !annotated ? "missing" : !predicted ? "wrong" : "differs";
    worst = {
      name,
      ...(className !== null && { class: className }),
      score,
      kind,
      reason: AUDIT_REASONS[kind],
      box,
      pixels,
      certainty: evidence / pixels,
    };
  });
  return worst;
}

/** Sorts findings by descending score, equal ones by name and then as given, and drops the nulls. */
export function rankFindings(findings: Iterable<AuditFinding | null>): AuditFinding[] {
  return [...findings].filter((finding) => finding !== null)
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
