import assert from "node:assert/strict";
import { packStep } from "../../kernels/adam/adam.ts";
import { batchGradient, batchSums, recordOf, sumBatch } from "../../kernels/loss/batch_loss.ts";
import {
  DEFAULT_LOSS,
  LOSS_NAMES,
  lossConstants,
  type LossName,
  ONE_CLASS,
  RECORD_NAMES,
  recordSize,
  SUM_NAMES,
} from "../../kernels/loss/definition.ts";
import {
  BATCH_SUMS,
  LOSS_SUMS,
  type LossBands,
  lossBands,
  lossGradient,
  lossSums,
  lossTotal,
} from "../../kernels/loss/loss.ts";
import { ADAM_DEFAULTS } from "../reference/adam.ts";
import { combinedLoss, LOSSES } from "../reference/loss.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { torchLosses } from "../support/torch_losses.ts";

const gpu = await openTestGpu();

const RECORD_SIZE = recordSize(1);

interface Result {
  record: Float32Array;
  gradient: Float32Array;
}

/** The step uniform of a batch whose record goes to `place`, of images from `firstImage` on. */
const stepAt = (place: number, firstImage = 0) =>
  packStep(0, 1, 1, place, { ...ADAM_DEFAULTS, weightDecay: 0 }, firstImage);

/** Bands of `size` logits. */
function bandsOf(images: number, imageSize: number, size: number): LossBands {
  const perImage = Math.ceil(imageSize / size);
  return { size, perImage, total: images * perImage };
}

/**
 * Loss and gradient of logits that are bound in chunks, whole images of `imageSize` each, with the record at `place`
 * of the history.
 */
async function runLoss(
  chunks: [Float32Array, Float32Array][],
  { loss = DEFAULT_LOSS, imageSize = chunks[0]![0].length, bandSize = 256, place = 1 }: {
    loss?: LossName;
    imageSize?: number;
    bandSize?: number;
    place?: number;
  } = {},
): Promise<Result> {
  const count = chunks.reduce((sum, [logits]) => sum + logits.length, 0);
  const bands = bandsOf(count / imageSize, imageSize, bandSize);
  const step = stepAt(place);
  let partial = new Float32Array(LOSS_SUMS * bands.total);
  let first = 0;
  for (const [logits, target_mask] of chunks) {
    const images = logits.length / imageSize;
    const dispatch = lossSums(images, imageSize, bands, first, { ...ONE_CLASS, loss });
    ({ partial } = await runKernel(gpu, dispatch, { logits, target_mask, partial, step }));
    first += images;
  }
  const history = new Float32Array((place + 2) * RECORD_SIZE).fill(-1);
  const total = lossTotal(bands.total, count, { ...ONE_CLASS, loss });
  const { sums, history: records } = await runKernel(gpu, total, {
    partial,
    sums: BATCH_SUMS,
    history,
    step,
  });
  const gradient: number[] = [];
  for (const [logits, target_mask] of chunks) {
    const operands = { logits, target_mask, sums, gradient: logits.length };
    const dispatch = lossGradient(logits.length / imageSize, imageSize, 1, { ...ONE_CLASS, loss });
    gradient.push(...(await runKernel(gpu, dispatch, operands)).gradient);
  }
  const at = place * RECORD_SIZE;
  const others = records.filter((_, index) => index < at || index >= at + RECORD_SIZE);
  assert.ok(others.every((value) => value === -1), "other records were written");
  return { record: records.slice(at, at + RECORD_SIZE), gradient: Float32Array.from(gradient) };
}

const largestOf = (values: ArrayLike<number>) =>
  Array.prototype.reduce.call<ArrayLike<number>, [(most: number, value: number) => number, number], number>(
    values,
    (most, value) => Math.max(most, Math.abs(value)),
    0,
  );

function assertLoss(
  { record, gradient }: Result,
  logits: Float32Array,
  masks: Float32Array,
  loss: LossName = "combined",
): void {
  const { dice, bce, accuracy } = combinedLoss(logits, masks);
  const rounded = logits.map((logit) => logit > 0 ? 1 : 0);
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  const expected = {
    loss: LOSSES[loss].value(logits, masks),
    dice,
    bce,
    accuracy,
    overlap: sum(rounded.map((value, index) => value * masks[index]!)),
    predicted: sum(rounded),
    truth: sum(masks),
    pixels: logits.length,
  };
  const values = RECORD_NAMES.map((name) => expected[name]);
  assertClose(record, values, { absolute: 1e-6, relative: 1e-6, label: `record of ${loss}` });
  const reference = LOSSES[loss].gradient(logits, masks);
  // The reference's own digits end at 1e-16.
  const absolute = 2e-6 * largestOf(reference) + 1e-15 / logits.length;
  assertClose(gradient, reference, { absolute, relative: 1e-5, label: `gradient of ${loss}` });
}

const masksOf = (random: Random, count: number) =>
  Float32Array.from({ length: count }, () => random.integer(2));

for (const loss of LOSS_NAMES) {
  Deno.test(`loss ${loss}: record and gradient equal plain loops, at one logit, a band and one more, many bands`, async () => {
    for (const count of [1, 257, 64 * 256 + 5]) {
      const random = new Random(count);
      const logits = random.floats(count, -6, 6);
      const masks = masksOf(random, count);
      assertLoss(await runLoss([[logits, masks]], { loss }), logits, masks, loss);
    }
  });

  Deno.test(`loss ${loss}: equals PyTorch's autograd, also at logits of 40 and 200 and for empty and full masks`, async () => {
    for (const { name, logits, masks, losses } of await torchLosses()) {
      const { record, gradient } = await runLoss(
        [[Float32Array.from(logits), Float32Array.from(masks)]],
        { loss },
      );
      const expected = losses[loss];
      const label = `${loss}, ${name}`;
      assertClose([record[0]!], [expected.value], { absolute: 1e-5, relative: 1e-5, label });
      assertClose(gradient, expected.gradient, {
        // PyTorch's own digits end at 1e-16.
        absolute: 1e-5 * largestOf(expected.gradient) + 1e-16,
        label,
      });
    }
  });
}

Deno.test("LOSSES: the formulas in float64 equal PyTorch's values and autograd gradients", async () => {
  for (const { name, logits, masks, losses } of await torchLosses()) {
    const batch = { logits, targets: masks, pixels: logits.length };
    for (const loss of LOSS_NAMES) {
      const label = `${loss}, ${name}`;
      const spec = { ...ONE_CLASS, loss };
      const sums = sumBatch(batch, spec);
      const { value, gradient } = losses[loss];
      const record = recordOf(sums, masks.length, spec);
      assertClose([record.loss], [value], { absolute: 1e-12, relative: 1e-12, label });
      const gradients = batchGradient(batch, batchSums(sums, masks.length), spec);
      // PyTorch's own 1 - p cancels.
      assertClose(gradients, gradient, { absolute: 1e-16, relative: 1e-8, label });
    }
  }
});

Deno.test("lossConstants: each kernel declares every place that the definition gives a name", () => {
  const constants = lossConstants(ONE_CLASS);
  assert.equal(constants.SUM_IGNORED, LOSS_SUMS - 1);
  assert.equal(constants.RECORD_PIXELS, RECORD_SIZE - 1);
  const { code } = lossTotal(1, 1).kernel;
  for (
    const name of [
      ...SUM_NAMES.map((name) => `SUM_${name}`),
      ...RECORD_NAMES.map((name) => `RECORD_${name}`),
    ]
  ) {
    assert.match(code, new RegExp(`const ${name.toUpperCase()}: u32 = ${constants[name.toUpperCase()]}u;`));
  }
  assert.match(code, /const DICE_WEIGHT: f32 = 0\.6;/);
});

Deno.test("lossTotal: sums of logits bound in chunks equal those of the whole batch", async () => {
  const random = new Random(1);
  const logits = random.floats(1500, -4, 4);
  const masks = masksOf(random, 1500);
  const cut = (from: number, to: number): [Float32Array, Float32Array] => [
    logits.slice(from, to),
    masks.slice(from, to),
  ];
  const chunks = [cut(0, 300), cut(300, 600), cut(600, 1500)];
  assertLoss(await runLoss(chunks, { imageSize: 300, bandSize: 64, place: 3 }), logits, masks);
});

Deno.test("lossSums: a micro-batch writes its share of the whole batch's partial sums, also if bound in chunks", async () => {
  const random = new Random(4);
  const [images, imageSize] = [6, 300];
  const logits = random.floats(images * imageSize, -4, 4);
  const target_mask = masksOf(random, images * imageSize);
  const bands = bandsOf(images, imageSize, 64);
  const run = async (first: number, chunk: number, count: number, partial: Float32Array) => {
    const range = [(first + chunk) * imageSize, (first + chunk + count) * imageSize] as const;
    const result = await runKernel(
      gpu,
      lossSums(count, imageSize, bands, chunk, { ...ONE_CLASS, loss: "focal" }),
      {
        logits: logits.slice(...range),
        target_mask: target_mask.slice(...range),
        partial,
        step: stepAt(0, first),
      },
    );
    return result.partial;
  };
  const whole = await run(0, 0, images, new Float32Array(LOSS_SUMS * bands.total));
  let shares: Float32Array = new Float32Array(LOSS_SUMS * bands.total);
  for (const [first, chunk, count] of [[0, 0, 2], [2, 0, 1], [2, 1, 3]] as const) {
    shares = await run(first, chunk, count, shares);
  }
  assert.deepEqual(shares, whole);
  // Nothing is ignored.
  assert.ok(whole.every((sum, index) => sum !== 0 || Math.floor(index / bands.total) === LOSS_SUMS - 1));
});

Deno.test("lossBands: at least 256 logits per band, about 4,096 bands at most, none across two images", () => {
  assert.deepEqual(lossBands(2, 1024), { size: 256, perImage: 4, total: 8 });
  assert.deepEqual(lossBands(32, 65536), { size: 512, perImage: 128, total: 4096 });
  assert.deepEqual(lossBands(30, 65536), { size: 480, perImage: 137, total: 4110 });
  assert.deepEqual(lossBands(3, 100), { size: 256, perImage: 1, total: 3 });
});

Deno.test("loss combined: logits of +-200 neither overflow nor give infinities, correct or not", async () => {
  const logits = Float32Array.of(200, 200, -200, -200, 99, -99, 101, -101, 88, -88, 20, -20, 0);
  for (const one of [0, 1]) {
    const masks = logits.map((_, index) => (index + one) % 2);
    for (const loss of LOSS_NAMES) {
      const result = await runLoss([[logits, masks]], { loss });
      assert.ok([...result.record, ...result.gradient].every(Number.isFinite), loss);
      assertLoss(result, logits, masks, loss);
    }
  }
  const [logit, mask] = [Float32Array.of(-200), Float32Array.of(1)];
  assertLoss(await runLoss([[logit, mask]]), logit, mask);
});

Deno.test("loss combined: nothing predicted on empty masks, everything on full ones", async () => {
  for (const [logit, mask] of [[-30, 0], [30, 1], [-200, 0]] as const) {
    const logits = new Float32Array(100).fill(logit);
    const masks = new Float32Array(100).fill(mask);
    assertLoss(await runLoss([[logits, masks]]), logits, masks);
  }
});

Deno.test("lossTotal: a probability of one half rounds to the even 0", async () => {
  const { record } = await runLoss([[Float32Array.of(0, 0, 0), Float32Array.of(0, 0, 1)]]);
  assertClose([record[3]!], [2 / 3], { absolute: 1e-7, label: "accuracy" });
});

Deno.test("lossTotal: a NaN among the logits shows in every loss", async () => {
  const logits = new Random(2).floats(300);
  logits[77] = NaN;
  for (const loss of LOSS_NAMES) {
    const { record } = await runLoss([[logits, new Float32Array(300)]], { loss });
    assert.ok(Number.isNaN(record[0]), loss);
  }
});

Deno.test("lossGradient: a power of two as scale multiplies exactly", async () => {
  const random = new Random(4);
  const logits = random.floats(100, -3, 3);
  const operands = {
    logits,
    target_mask: logits.map((_, index) => index % 3 === 0 ? 1 : 0),
    sums: Float32Array.of(20, 50, 34, 100),
    gradient: 100,
  };
  const { gradient } = await runKernel(gpu, lossGradient(1, 100), operands);
  const scaled = await runKernel(gpu, lossGradient(1, 100, 512), operands);
  assert.deepEqual(scaled.gradient, gradient.map((value) => 512 * value));
});
