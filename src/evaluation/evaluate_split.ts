/**
 * Predicts a prepared split and scores every image.
 *
 * @module
 */
import { batchesOf } from "../dataset/batches.ts";
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import type { Sample } from "../dataset/samples.ts";
import type { Adaptation } from "../prediction/adapt.ts";
import { classMargins, decisionThreshold, marginMask } from "../prediction/class_masks.ts";
import { classMaps, cropMaps, type ImagePredictor } from "../prediction/predictor.ts";
import { auditClass, type AuditFinding, rankFindings } from "./audit.ts";
import type { Spacing } from "./distance_transform.ts";
import { DEFAULT_LOSS } from "../../kernels/loss/definition.ts";
import { describeExtents, isAtOwnSize } from "../image/input_frame.ts";
import type { ProbabilityMap } from "../prediction/probability_map.ts";
import type { Tensor } from "../tensor.ts";
import { headOf } from "../unet/config.ts";
import { microBatchAt } from "../unet/unet.ts";
import {
  type ImageLoss,
  imageLosses,
  type Loss,
  lossOfBatch,
  meanLoss,
  type SplitLoss,
  trainedLoss,
} from "./split_loss.ts";
import type { BootstrapOptions } from "./statistics.ts";
import { type ImageScore, scoreClasses, scoreImage } from "./image_score.ts";
import type { ImageMaps } from "./map_sheet.ts";
import { networkSpacing } from "./metrics.ts";
import { type EvaluationSummary, summarize } from "./summary.ts";
import { atOwnSize, comparedSize } from "./compared_masks.ts";
import { type TrueMasks, trueMasks } from "./true_masks.ts";

/** Options of {@linkcode evaluateSplit}. */
export interface EvaluateSplitOptions {
  /**
   * The probability above which a pixel is foreground; defaults to the model's own, or, of several classes that exclude
   * each other, to the most probable class.
   */
  readonly threshold?: number | undefined;
  /**
   * Millimeters between rows and between columns of the image files. By default distances are in pixels of the
   * network's input.
   */
  readonly spacing?: Spacing | undefined;
  /** How confidence intervals are drawn. */
  readonly bootstrap?: BootstrapOptions;
  /** Whether to look for annotations that the model contradicts; defaults to false. */
  readonly audit?: boolean;
  /** Called with what is compared of every image. */
  readonly onMaps?: ((sample: Sample, maps: ImageMaps) => Promise<void>) | undefined;
  /** Called after every image. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The performance of a model on a split. */
export interface SplitEvaluation {
  /** The scores of each image, in the order of the split. */
  readonly scores: readonly ImageScore[];
  /** The scores of all images together. */
  readonly summary: EvaluationSummary;
  /** The training loss. */
  readonly loss: SplitLoss;
  /** Annotations that the model contradicts, strongest contradiction first; empty unless asked for. */
  readonly findings: readonly AuditFinding[];
}

/** Images per batch: as in the original, whose mean of batch losses depends on it. */
const BATCH_SIZE = 32;

/**
 * Predicts every image of a split and compares it with its mask, both at the network's input size, as the original
 * does, masks resized by nearest neighbor; or at the image's own size, if images are padded or read in windows.
 *
 * @throws {RangeError} if the split is empty, or prepared differently than the model expects
 */
export async function evaluateSplit(
  predictor: ImagePredictor,
  prepared: PreparedSplit,
  options: EvaluateSplitOptions = {},
): Promise<SplitEvaluation> {
  assertFits(predictor, prepared);
  const images: ImageEvaluation[] = [];
  const all = prepared.samples.map((_, index) => index);
  for await (const { index: _, ...image } of evaluateImages(predictor, prepared, all, options)) {
    images.push(image);
    options.onProgress?.(images.length, prepared.count);
  }
  return summarizeSplit(predictor, images, options);
}

/** Throws a RangeError if the split is empty, or prepared differently than the model expects */
export function assertFits({ description, classes }: ImagePredictor, prepared: PreparedSplit): void {
  const { network, normalize } = description;
  if (prepared.count === 0) throw new RangeError("Cannot evaluate a split without usable images");
  const [wanted, found] = [describeExtents(description), describeExtents(prepared.extents)];
  if (wanted !== found || prepared.normalize !== normalize) {
    throw new RangeError(
      `Cannot evaluate a model of ${wanted} and ${normalize} normalization on images prepared for ` +
        `${found} and ${prepared.normalize}`,
    );
  }
  if (prepared.targets.classCount !== classes || prepared.targets.head !== headOf(network)) {
    throw new RangeError(
      `Cannot evaluate a model of ${classes} classes and a ${headOf(network)} head on masks prepared for ` +
        `${prepared.targets.classCount} and ${prepared.targets.head}`,
    );
  }
}

/** What is kept of an image: plain data for JSON. */
export interface ImageEvaluation {
  /** Its scores. */
  readonly score: ImageScore;
  /** What it adds to the training loss. */
  readonly loss: ImageLoss;
  /** Where the model contradicts its annotation, per class; empty unless asked for. */
  readonly findings: readonly (AuditFinding | null)[];
}

/**
 * Predicts the images of these indices and compares each with its mask. An image gets the same bits whichever others
 * are asked for.
 */
export async function* evaluateImages(
  predictor: ImagePredictor,
  prepared: PreparedSplit,
  wanted: readonly number[],
  options: EvaluateSplitOptions = {},
): AsyncGenerator<{ index: number } & ImageEvaluation, void, void> {
  const { description } = predictor;
  const { network } = description;
  const { spacing, audit = false } = options;
  const threshold = decisionThreshold(predictor.description, options.threshold);
  const head = headOf(network);
  const names = predictor.classNames;
  for await (
    const { images, masks, indices } of batchesOf(
      prepared,
      wanted,
      BATCH_SIZE,
    )
  ) {
    const microBatches = Array.from(indices, (index) => microBatchAt(index, prepared.count));
    const of = Array.from(indices, (index) => prepared.samples[index]!);
    const adaptations = new Map<number, Adaptation>();
    const onAdapted = (place: number, done: Adaptation) => adaptations.set(place, done);
    const logits = await predictor.logits(images, { microBatches, of, onAdapted });
    const losses = imageLosses(logits, masks, { loss: trainedLoss(predictor.description), head });
    const stored: (Promise<void> | undefined)[] = [];
    const evaluated: ({ index: number } & ImageEvaluation)[] = [];
    for (const [place, whole] of classMaps(logits, head).entries()) {
      const index = indices[place]!;
      const sample = prepared.samples[index]!;
      const compared = isAtOwnSize(description)
        ? await atOwnSize(sample, cropMaps(whole, description, sample), prepared.targets)
        : atNetworkSize(whole, trueMasks(masks, place, names.length, head));
      const { maps, truths, ignored } = compared;
      stored.push(options.onMaps?.(sample, compared));
      const margins = classMargins(maps, head, threshold);
      const parts = margins.map((each, index) => ({
        name: names[index]!,
        predicted: marginMask(each, maps[index]!),
        truth: truths[index]!,
      }));
      const measure = {
        ignored,
        ...(spacing && { spacing: networkSpacing(spacing, sample, comparedSize(description, sample)) }),
      };
      const [only] = parts;
      const score = parts.length === 1
        ? scoreImage(sample.fileName, only!.predicted, only!.truth, measure)
        : scoreClasses(sample.fileName, parts, measure);
      const findings = !audit ? [] : margins.map((each, index) => {
        const part = { name: parts.length === 1 ? null : names[index]!, margins: each };
        return auditClass(sample.fileName, part, truths[index]!, ignored);
      });
      const appearance = predictor.appearanceOf(imageAt(images, place));
      const adapted = adaptations.get(place);
      evaluated.push({
        index,
        score: { ...score, ...(appearance && { appearance }), ...(adapted && { adapted }) },
        loss: losses[place]!,
        findings,
      });
    }
    await Promise.all(stored);
    yield* evaluated;
  }
}

function atNetworkSize(maps: readonly ProbabilityMap[], { masks, ignored }: TrueMasks): ImageMaps {
  return { maps, truths: masks, ignored };
}

/** An image of a batch. */
function imageAt({ shape, data }: Tensor, place: number): Tensor {
  const [, ...own] = shape;
  const length = own.reduce((product, extent) => product * extent, 1);
  return { shape: own, data: data.subarray(place * length, (place + 1) * length) };
}

/** What a split came to, given all of its images in order. */
export function summarizeSplit(
  { description }: ImagePredictor,
  images: readonly ImageEvaluation[],
  { bootstrap }: Pick<EvaluateSplitOptions, "bootstrap"> = {},
): SplitEvaluation {
  const scores = images.map(({ score }) => score);
  const trained = trainedLoss(description);
  const losses: { loss: Loss; images: number }[] = [];
  for (let first = 0; first < images.length; first += BATCH_SIZE) {
    const batch = images.slice(first, first + BATCH_SIZE).map(({ loss }) => loss);
    const { outChannels } = description.network;
    const loss = lossOfBatch(batch, outChannels, { loss: trained, head: headOf(description.network) });
    losses.push({ loss, images: batch.length });
  }
  return {
    scores,
    summary: summarize(scores, bootstrap),
    loss: {
      ...meanLoss(losses),
      batchSize: BATCH_SIZE,
      ...(trained === DEFAULT_LOSS ? {} : { name: trained }),
    },
    findings: rankFindings(images.flatMap(({ findings }) => findings)),
  };
}
