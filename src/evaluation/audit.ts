/**
 * Images whose annotation the model contradicts: candidates for missing and wrong labels.
 *
 * @module
 */
import { type Box, labelComponents } from "../image/components.ts";
import type { Mask } from "../image/mask.ts";
import { assertProbabilities, type ProbabilityMap } from "../prediction/probability_map.ts";
import { thresholdMask } from "../prediction/postprocess.ts";
import { assertComparable } from "./pixel_counts.ts";

/** How the model and the annotation differ; {@linkcode AUDIT_REASONS} has it in words. */
export type AuditKind = "missing" | "wrong" | "differs";

/** What is the matter with an image, in words. */
export const AUDIT_REASONS: Readonly<Record<AuditKind, string>> = {
  missing: "probably a tumor that is not outlined",
  wrong: "outlined, but nothing is seen",
  differs: "outline differs",
};

/** Where the model contradicts an image's annotation most. */
export interface AuditFinding {
  /** The image's name. */
  readonly name: string;
  /** How strong the contradiction is, 0 to 1; see {@linkcode auditImage}. */
  readonly score: number;
  /** How model and annotation differ. */
  readonly kind: AuditKind;
  /** The same in words. */
  readonly reason: string;
  /** The smallest rectangle around the lesion, predicted or annotated, that is in question. */
  readonly box: Box;
  /** Pixels of the lesion that model and annotation see differently. */
  readonly pixels: number;
  /** How sure the model is of them in the mean: 0 at the threshold, 1 at a probability of 0 or 1. */
  readonly certainty: number;
}

/** How {@linkcode auditImage} decides. */
export interface AuditOptions {
  /** The probability above which the model sees a tumor, between 0 and 1; 0.5 unless given. */
  readonly threshold?: number;
}

/**
 * Finds the lesion by which the model contradicts an image's annotation most; null where they agree in every
 * pixel, or differ only where the model is undecided.
 *
 * Predicted and annotated pixels together fall into connected parts. In each, the pixels that only one of both has
 * count with the model's certainty there, their sum is the evidence `e` in pixels, and the part of `n` pixels scores
 *
 *     e * (e / n) / (pixels of the image)
 *
 * The share `e / n` is close to 1 for a lesion that only one of them knows, and small for outlines that differ by a
 * rim: else the rim of a large tumor would outweigh a small one that is not outlined at all. Such a sum of
 * self-confidence over contradicted labels is the idea of confident learning (Northcutt, Jiang and Chuang, Journal
 * of Artificial Intelligence Research 70, 2021), taken lesion by lesion.
 *
 * A high score says that one of both errs, not which: a poor model contradicts good annotations. Probabilities and
 * annotation must have one size.
 *
 * Throws a TypeError for different sizes, a RangeError for probabilities or a threshold out of bounds.
 */
export function auditImage(
  name: string,
  probabilities: ProbabilityMap,
  annotation: Mask,
  options: AuditOptions = {},
): AuditFinding | null {
  const { threshold = 0.5 } = options;
  if (!(threshold > 0 && threshold < 1)) {
    throw new RangeError(`Cannot audit at a threshold of ${threshold}: a number between 0 and 1 is wanted`);
  }
  assertProbabilities(probabilities, "audit an image");
  const predicted = thresholdMask(probabilities, threshold);
  assertComparable(predicted, annotation, "audit an image");
  const { width, height } = annotation;
  const either = predicted.data.map((value, at) => value | annotation.data[at]!);
  const { labels, lesions } = labelComponents({ width, height, data: either });
  const parts = lesions.map(() => ({ evidence: 0, pixels: 0, predicted: false, annotated: false }));
  labels.forEach((label, at) => {
    if (label === 0) return;
    const part = parts[label - 1]!;
    const probability = probabilities.data[at]!;
    const [sees, outlined] = [predicted.data[at] !== 0, annotation.data[at] !== 0];
    part.predicted ||= sees;
    part.annotated ||= outlined;
    if (sees === outlined) return;
    part.pixels++;
    part.evidence += sees
      ? (probability - threshold) / (1 - threshold)
      : (threshold - probability) / threshold;
  });
  let worst: AuditFinding | null = null;
  parts.forEach(({ evidence, pixels, predicted, annotated }, index) => {
    const { area, box } = lesions[index]!;
    const score = evidence * evidence / area / labels.length;
    if (score <= (worst?.score ?? 0)) return;
    const kind = !annotated ? "missing" : !predicted ? "wrong" : "differs";
    worst = { name, score, kind, reason: AUDIT_REASONS[kind], box, pixels, certainty: evidence / pixels };
  });
  return worst;
}

/** Sorts findings, the strongest contradiction first, equal ones by name; leaves out the null of agreement. */
export function rankFindings(findings: Iterable<AuditFinding | null>): AuditFinding[] {
  return [...findings].filter((finding) => finding !== null)
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
