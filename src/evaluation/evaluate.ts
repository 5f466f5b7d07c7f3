/**
 * Predicts a prepared split and measures every image.
 *
 * @module
 */
import { batches } from "../dataset/batches.ts";
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import type { Sample } from "../dataset/samples.ts";
import { thresholdMask } from "../prediction/postprocess.ts";
import { type Predictor, probabilityMaps } from "../prediction/predictor.ts";
import { type AuditFinding, auditImage, rankFindings } from "./audit.ts";
import type { Spacing } from "./distance_transform.ts";
import { DEFAULT_LOSS } from "../../kernels/loss/definition.ts";
import { batchLoss, type Loss, meanLoss, type SplitLoss, trainedLoss } from "./loss.ts";
import type { BootstrapOptions } from "./statistics.ts";
import { type EvaluationSummary, type ImageScore, scoreImage, summarize } from "./summary.ts";

/** How {@linkcode evaluateSplit} measures. */
export interface EvaluateSplitOptions {
  /** A pixel is predicted where its probability is above this; the model's own unless given. */
  readonly threshold?: number;
  /** Millimetres from row to row and from column to column of the images' files; distances are in pixels of the network's input unless given. */
  readonly spacing?: Spacing | undefined;
  /** How intervals are drawn. */
  readonly bootstrap?: BootstrapOptions;
  /** Look for annotations that the model contradicts; false unless given. */
  readonly audit?: boolean;
  /** Told after every batch. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What a model is worth on a split. */
export interface SplitEvaluation {
  /** Every image's, in the split's order. */
  readonly scores: readonly ImageScore[];
  /** All of them. */
  readonly summary: EvaluationSummary;
  /** The training's loss. */
  readonly loss: SplitLoss;
  /** The annotations that the model contradicts, the strongest contradiction first; empty unless asked for. */
  readonly findings: readonly AuditFinding[];
}

/** Images of a batch: the original's, on which its mean of batches' losses depends. */
const BATCH_SIZE = 32;

/**
 * Predicts every image of a split and compares with its mask, both at the network's size, as the original does; the
 * masks are resized to it by nearest neighbours.
 *
 * @throws {RangeError} where the split is empty, or of another size than the model's.
 */
export async function evaluateSplit(
  predictor: Predictor,
  prepared: PreparedSplit,
  options: EvaluateSplitOptions = {},
): Promise<SplitEvaluation> {
  const { size, normalize } = predictor.description;
  if (prepared.count === 0) throw new RangeError("Cannot evaluate a split without usable images");
  if (prepared.size !== size || prepared.normalize !== normalize) {
    throw new RangeError(
      `Cannot evaluate a model of ${size} px and ${normalize} normalisation on images prepared for ` +
        `${prepared.size} px and ${prepared.normalize}`,
    );
  }
  const { threshold = predictor.description.threshold, spacing, audit = false } = options;
  const trained = trainedLoss(predictor.description);
  const scores: ImageScore[] = [];
  const losses: { loss: Loss; images: number }[] = [];
  const findings: (AuditFinding | null)[] = [];
  for await (
    const { images, masks, indices } of batches(prepared, { batchSize: BATCH_SIZE, shuffle: false })
  ) {
    const logits = await predictor.logits(images);
    losses.push({ loss: batchLoss(logits, masks, trained), images: indices.length });
    for (const [place, map] of probabilityMaps(logits).entries()) {
      const sample = prepared.samples[indices[place]!]!;
      const pixels = size * size;
      const truth = {
        width: size,
        height: size,
        data: new Uint8Array(masks.data.subarray(place * pixels, (place + 1) * pixels)),
      };
      const distances = spacing ? { spacing: networkSpacing(spacing, sample, size) } : {};
      scores.push(scoreImage(sample.fileName, thresholdMask(map, threshold), truth, distances));
      if (audit) findings.push(auditImage(sample.fileName, map, truth, { threshold }));
    }
    options.onProgress?.(scores.length, prepared.count);
  }
  return {
    scores,
    summary: summarize(scores, options.bootstrap),
    loss: {
      ...meanLoss(losses),
      batchSize: BATCH_SIZE,
      ...(trained === DEFAULT_LOSS ? {} : { name: trained }),
    },
    findings: rankFindings(findings),
  };
}

/** The spacing of the network's pixels: an image's whole extent is spread over fewer, or more, of them. */
function networkSpacing([rows, columns]: Spacing, sample: Sample, size: number): Spacing {
  return [rows * sample.height / size, columns * sample.width / size];
}
