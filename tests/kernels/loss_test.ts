import assert from "node:assert/strict";
import { packStep } from "../../kernels/adam/adam.ts";
import {
  LOSS_SUMS,
  type LossBands,
  lossBands,
  lossGradient,
  lossSums,
  lossTotal,
  RECORD_SIZE,
} from "../../kernels/loss/loss.ts";
import { ADAM_DEFAULTS } from "../reference/adam.ts";
import { combinedLoss, combinedLossGradient } from "../reference/loss.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

interface Result {
  record: Float32Array;
  gradient: Float32Array;
}

/** Bands of so many logits, for as many images as there are. */
function bandsOf(images: number, imageSize: number, size: number): LossBands {
  const perImage = Math.ceil(imageSize / size);
  return { size, perImage, total: images * perImage };
}

/**
 * Loss and gradient of logits that are bound in parts, whole images of `imageSize` each, with the record at `place`
 * of the history.
 */
async function runLoss(
  parts: [Float32Array, Float32Array][],
  imageSize = parts[0]![0].length,
  bandSize = 256,
  place = 1,
): Promise<Result> {
  const count = parts.reduce((sum, [logits]) => sum + logits.length, 0);
  const bands = bandsOf(count / imageSize, imageSize, bandSize);
  let partial = new Float32Array(LOSS_SUMS * bands.total);
  let first = 0;
  for (const [logits, target_mask] of parts) {
    const images = logits.length / imageSize;
    const dispatch = lossSums(images, imageSize, bands, first);
    const step = packStep(0, 1, 1, place, { ...ADAM_DEFAULTS, weightDecay: 0 });
    ({ partial } = await runKernel(gpu, dispatch, { logits, target_mask, partial, step }));
    first += images;
  }
  const step = packStep(0, 1, 1, place, { ...ADAM_DEFAULTS, weightDecay: 0 });
  const history = new Float32Array((place + 2) * RECORD_SIZE).fill(-1);
  const total = await runKernel(gpu, lossTotal(bands.total, count), { partial, sums: 4, history, step });
  const gradient: number[] = [];
  for (const [logits, target_mask] of parts) {
    const operands = { logits, target_mask, sums: total.sums, gradient: logits.length };
    gradient.push(...(await runKernel(gpu, lossGradient(logits.length), operands)).gradient);
  }
  const at = place * RECORD_SIZE;
  const others = total.history.filter((_, index) => index < at || index >= at + RECORD_SIZE);
  assert.ok(others.every((value) => value === -1), "other records were written");
  return { record: total.history.slice(at, at + RECORD_SIZE), gradient: Float32Array.from(gradient) };
}

function assertLoss({ record, gradient }: Result, logits: Float32Array, masks: Float32Array): void {
  const { loss, dice, bce, accuracy } = combinedLoss(logits, masks);
  const rounded = logits.map((logit) => logit > 0 ? 1 : 0);
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  const expected = [
    loss,
    dice,
    bce,
    accuracy,
    sum(rounded.map((value, index) => value * masks[index]!)),
    sum(rounded),
    sum(masks),
    logits.length,
  ];
  assertClose(record, expected, { absolute: 1e-6, relative: 1e-6, label: "record" });
  const reference = combinedLossGradient(logits, masks);
  const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // The reference's 1 - p is itself good to 1e-16.
  const absolute = 2e-6 * largest + 1e-15 / logits.length;
  assertClose(gradient, reference, { absolute, relative: 1e-5, label: "gradient" });
}

const masksOf = (random: Random, count: number) =>
  Float32Array.from({ length: count }, () => random.integer(2));

for (const count of [1, 3, 256, 257, 64 * 256 + 5]) {
  Deno.test(`loss: ${count} logits`, async () => {
    const random = new Random(count);
    const logits = random.floats(count, -6, 6);
    const masks = masksOf(random, count);
    assertLoss(await runLoss([[logits, masks]]), logits, masks);
  });
}

Deno.test("loss: a batch in parts gives what the whole gives", async () => {
  const random = new Random(1);
  const logits = random.floats(1500, -4, 4);
  const masks = masksOf(random, 1500);
  const cut = (from: number, to: number): [Float32Array, Float32Array] => [
    logits.slice(from, to),
    masks.slice(from, to),
  ];
  assertLoss(await runLoss([cut(0, 300), cut(300, 600), cut(600, 1500)], 300, 64, 3), logits, masks);
});

Deno.test("loss: the partial sums of a part, bound in chunks, too, are those that the whole has there", async () => {
  const random = new Random(4);
  const [images, imageSize] = [6, 300];
  const logits = random.floats(images * imageSize, -4, 4);
  const target_mask = masksOf(random, images * imageSize);
  const bands = bandsOf(images, imageSize, 64);
  const run = async (part: number, chunk: number, count: number, partial: Float32Array) => {
    const range = [(part + chunk) * imageSize, (part + chunk + count) * imageSize] as const;
    const result = await runKernel(gpu, lossSums(count, imageSize, bands, chunk), {
      logits: logits.slice(...range),
      target_mask: target_mask.slice(...range),
      partial,
      step: packStep(0, 1, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }, part),
    });
    return result.partial;
  };
  const whole = await run(0, 0, images, new Float32Array(LOSS_SUMS * bands.total));
  let parts: Float32Array = new Float32Array(LOSS_SUMS * bands.total);
  for (const [part, chunk, count] of [[0, 0, 2], [2, 0, 1], [2, 1, 3]] as const) {
    parts = await run(part, chunk, count, parts);
  }
  assert.deepEqual(parts, whole);
  assert.ok(whole.every((sum) => sum !== 0));
});

Deno.test("lossBands: at least 256 logits, some 4,096 bands at most, none across two images", () => {
  assert.deepEqual(lossBands(2, 1024), { size: 256, perImage: 4, total: 8 });
  assert.deepEqual(lossBands(32, 65536), { size: 512, perImage: 128, total: 4096 });
  assert.deepEqual(lossBands(30, 65536), { size: 480, perImage: 137, total: 4110 });
  assert.deepEqual(lossBands(3, 100), { size: 256, perImage: 1, total: 3 });
});

Deno.test("loss: logits of +-200 neither overflow nor give infinities, right or wrong", async () => {
  const logits = Float32Array.of(200, 200, -200, -200, 99, -99, 101, -101, 88, -88, 20, -20, 0);
  for (const one of [0, 1]) {
    const masks = logits.map((_, index) => (index + one) % 2);
    const result = await runLoss([[logits, masks]]);
    assert.ok([...result.record, ...result.gradient].every(Number.isFinite));
    assertLoss(result, logits, masks);
  }
  assertLoss(
    await runLoss([[Float32Array.of(-200), Float32Array.of(1)]]),
    Float32Array.of(-200),
    Float32Array.of(1),
  );
});

Deno.test("loss: nothing predicted where nothing is, and everything where everything is", async () => {
  for (const [logit, mask] of [[-30, 0], [30, 1], [-200, 0]] as const) {
    const logits = new Float32Array(100).fill(logit);
    const masks = new Float32Array(100).fill(mask);
    assertLoss(await runLoss([[logits, masks]]), logits, masks);
  }
});

Deno.test("loss: a probability of one half rounds to the even 0", async () => {
  const { record } = await runLoss([[Float32Array.of(0, 0, 0), Float32Array.of(0, 0, 1)]]);
  assertClose([record[3]!], [2 / 3], { absolute: 1e-7, label: "accuracy" });
});

Deno.test("loss: a logit that is no number shows in the loss", async () => {
  const logits = new Random(2).floats(300);
  logits[77] = NaN;
  const { record } = await runLoss([[logits, new Float32Array(300)]]);
  assert.ok(Number.isNaN(record[0]));
});

Deno.test("loss: a gradient times a power of two is that gradient to the bit", async () => {
  const random = new Random(4);
  const logits = random.floats(100, -3, 3);
  const operands = {
    logits,
    target_mask: logits.map((_, index) => index % 3 === 0 ? 1 : 0),
    sums: Float32Array.of(20, 50, 34, 100),
    gradient: 100,
  };
  const { gradient } = await runKernel(gpu, lossGradient(100), operands);
  const scaled = await runKernel(gpu, lossGradient(100, 512), operands);
  assert.deepEqual(scaled.gradient, gradient.map((value) => 512 * value));
});
