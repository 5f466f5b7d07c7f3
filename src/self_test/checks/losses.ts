/**
 * Self-tests of the losses, with every head.
 * This module is browser compatible.
 *
 * @module
 */
import {
  batchGradient,
  batchSums,
  type LossBatch,
  recordOf,
  sumBatch,
} from "../../../kernels/loss/batch_loss.ts";
import {
  CLASS_FIELDS,
  IGNORED_TARGET,
  LOSS_NAMES,
  type LossSpec,
  ONE_CLASS,
  RECORD_NAMES,
  SUM_NAMES,
} from "../../../kernels/loss/definition.ts";
import { lossGradient, lossSums, lossTotal, softmaxPixels } from "../../../kernels/loss/loss.ts";
import { type Check, random, stepUniform } from "./check.ts";

const IMAGES = 2;
const PIXELS = 10;
const BAND = 5;
const BANDS = { size: BAND, perImage: PIXELS / BAND, total: IMAGES * PIXELS / BAND };

/** Every loss with one class, and three classes with either head. */
export function* lossChecks(): Generator<Check> {
  for (const loss of LOSS_NAMES) yield* checksOf({ ...ONE_CLASS, loss }, loss);
  yield* checksOf({ ...ONE_CLASS, classes: 3 }, "three classes");
  yield* checksOf({ ...ONE_CLASS, head: "softmax", classes: 3 }, "softmax");
}

/** Two images of ten pixels in bands of five, with two extreme logits and an ignored pixel. */
function* checksOf(spec: LossSpec, variant: string): Generator<Check> {
  const batch = batchOf(spec);
  const { logits, targets } = batch;
  const target_mask = Float32Array.from(targets);
  const step = stepUniform(0, 1, 0);
  const limit = 200 * 2 ** -22;
  const bands = Array.from({ length: BANDS.total }, (_, band) => sumBatch(bandOf(batch, spec, band), spec));
  const partial = Array.from({ length: spec.classes }, (_, row) => row)
    .flatMap((row) => SUM_NAMES.flatMap((name) => bands.map((sums) => sums[row]![name])));
  const softmax = spec.head === "softmax" ? { pixels: pixelsOf(batch, spec.classes + 1) } : {};
  if (softmax.pixels) {
    yield {
      variant,
      dispatch: softmaxPixels(IMAGES, PIXELS, spec),
      operands: { logits, target_mask },
      expected: { pixels: softmax.pixels },
      limit,
    };
  }
  yield {
    variant,
    dispatch: lossSums(IMAGES, PIXELS, BANDS, 0, spec),
    operands: { logits, target_mask, ...softmax, step },
    expected: { partial },
    limit,
  };
  const totals = sumBatch(batch, spec);
  const record = recordOf(totals, targets.length, spec);
  const batchOfSums = batchSums(totals, targets.length);
  const sums = batchOfSums.flatMap((
    { overlap, positive, truth, count },
  ) => [overlap, positive, truth, count]);
  yield {
    variant,
    dispatch: lossTotal(BANDS.total, targets.length, spec),
    operands: { partial: Float32Array.from(partial), step },
    expected: {
      sums,
      history: [
        ...RECORD_NAMES.map((name) => record[name]),
        ...record.classes?.flatMap((counts) => CLASS_FIELDS.map((name) => counts[name])) ?? [],
      ],
    },
    limit,
  };
  yield {
    variant,
    dispatch: lossGradient(IMAGES, PIXELS, 1, spec),
    operands: { logits, target_mask, sums: Float32Array.from(sums) },
    expected: { gradient: batchGradient(batch, batchOfSums, spec) },
    limit: 1e-6,
  };
}

function batchOf({ head, classes }: LossSpec): LossBatch & Record<"logits" | "targets", Float32Array> {
  const softmax = head === "softmax";
  const logits = random(80, IMAGES * PIXELS * (softmax ? classes + 1 : classes))
    .map((value, i) => i === 7 ? 200 : i === 8 ? -200 : 6 * value);
  const targets = random(81, IMAGES * PIXELS * (softmax ? 1 : classes))
    .map((value) => softmax ? Math.floor((value + 1) / 2 * (classes + 1)) : value > 0 ? 1 : 0);
  targets[12] = IGNORED_TARGET;
  return { logits, targets, pixels: PIXELS };
}

/** The pixels of a band as a batch of one image. */
function bandOf({ logits, targets }: LossBatch, { head, classes }: LossSpec, band: number): LossBatch {
  const [image, start] = [Math.floor(band / BANDS.perImage), band % BANDS.perImage * BAND];
  const cut = (values: ArrayLike<number>, channels: number) =>
    Array.from(
      { length: channels * BAND },
      (_, i) => values[(image * channels + Math.floor(i / BAND)) * PIXELS + start + i % BAND]!,
    );
  const softmax = head === "softmax";
  return {
    logits: cut(logits, softmax ? classes + 1 : classes),
    targets: cut(targets, softmax ? 1 : classes),
    pixels: BAND,
  };
}

/** Of each pixel the channel with the largest logit, that logit, the sum of powers relative to it, the cross-entropy. */
function pixelsOf({ logits, targets }: LossBatch, channels: number): Float32Array {
  const values = Array.from({ length: IMAGES * PIXELS }, (_, place) => {
    const first = Math.floor(place / PIXELS) * channels * PIXELS + place % PIXELS;
    const each = Array.from({ length: channels }, (_, channel) => logits[first + channel * PIXELS]!);
    const largest = Math.max(...each);
    const total = each.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
    const target = targets[place]!;
    const entropy = target === IGNORED_TARGET ? 0 : Math.log(total) - (each[target]! - largest);
    return [each.indexOf(largest), largest, total, entropy];
  });
  return Float32Array.from(values.flat());
}
