/** The losses of several classes, with ignored pixels, against PyTorch: the kernels, and the formulas in float64. */
import assert from "node:assert/strict";
import { packStep } from "../../kernels/adam/adam.ts";
import { batchGradient, batchSums, recordOf, sumBatch } from "../../kernels/loss/batch_loss.ts";
import {
  checkLossHead,
  CLASS_FIELDS,
  type ClassCounts,
  IGNORED_TARGET,
  LOSS_NAMES,
  type LossRecord,
  type LossSpec,
  recordSize,
} from "../../kernels/loss/definition.ts";
import {
  BATCH_SUMS,
  LOSS_SUMS,
  lossGradient,
  lossSums,
  lossTotal,
  SOFTMAX_PIXEL,
  softmaxPixels,
} from "../../kernels/loss/loss.ts";
import { decodeRecords } from "../../src/training/metrics_history.ts";
import { ADAM_DEFAULTS } from "../reference/adam.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { type TorchClassLoss, torchClassLosses } from "../support/torch_losses.ts";

const gpu = await openTestGpu();

/** Pixels of a band: an image has a whole one, and one that is not full. */
const BAND = 8;

interface Result {
  record: LossRecord;
  sums: Float32Array;
  gradient: Float32Array;
}

type Batch = Pick<TorchClassLoss, "spec" | "pixels"> & Record<"logits" | "targets", Float32Array>;

const imagesOf = ({ spec, pixels, targets }: Batch) =>
  targets.length / pixels / (spec.head === "softmax" ? 1 : spec.classes);

/** The loss and its gradient on the device; each image is bound on its own, as a chunk of the batch. */
async function runLoss(batch: Batch, scale = 1): Promise<Result> {
  const { spec, pixels } = batch;
  const images = imagesOf(batch);
  const perImage = Math.ceil(pixels / BAND);
  const bands = { size: BAND, perImage, total: images * perImage };
  const step = packStep(0, 1, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }, 0);
  const chunks = Array.from({ length: images }, (_, image) => ({
    logits: imageOf(batch.logits, image, images),
    target_mask: imageOf(batch.targets, image, images),
  }));
  let partial = new Float32Array(spec.classes * LOSS_SUMS * bands.total);
  for (const [image, chunk] of chunks.entries()) {
    const softmax = spec.head === "softmax"
      ? await runKernel(gpu, softmaxPixels(1, pixels, spec), {
        ...chunk,
        pixels: SOFTMAX_PIXEL * pixels,
      })
      : {};
    const operands = { logits: chunk.logits, target_mask: chunk.target_mask, partial, step, ...softmax };
    ({ partial } = await runKernel(gpu, lossSums(1, pixels, bands, image, spec), operands));
  }
  const { sums, history } = await runKernel(gpu, lossTotal(bands.total, batch.targets.length, spec), {
    partial,
    sums: BATCH_SUMS * spec.classes,
    history: recordSize(spec.classes),
    step,
  });
  const gradient: number[] = [];
  for (const chunk of chunks) {
    const operands = { ...chunk, sums, gradient: chunk.logits.length };
    gradient.push(...(await runKernel(gpu, lossGradient(1, pixels, scale, spec), operands)).gradient);
  }
  return { record: decodeRecords(history, spec.classes)[0]!, sums, gradient: Float32Array.from(gradient) };
}

function imageOf(values: Float32Array, image: number, images: number): Float32Array {
  const size = values.length / images;
  return values.slice(image * size, (image + 1) * size);
}

const batchOf = ({ spec, pixels, logits, targets }: TorchClassLoss): Batch => ({
  spec,
  pixels,
  logits: Float32Array.from(logits),
  targets: Float32Array.from(targets),
});

const largestOf = (values: readonly number[]) => Math.max(...values.map(Math.abs));

function assertCounts(
  { accuracy, pixels, overlap, predicted, truth, classes }: LossRecord,
  exact: TorchClassLoss,
) {
  const { name, counts } = exact;
  assertClose([accuracy, pixels], [exact.accuracy, exact.counted], { absolute: 1e-7, label: name });
  const total = (field: keyof ClassCounts) => counts.reduce((sum, of) => sum + of[field], 0);
  assert.deepEqual([overlap, predicted, truth], CLASS_FIELDS.map(total), name);
  assert.deepEqual(classes, counts.length > 1 ? counts : undefined, name);
}

Deno.test("loss: equals PyTorch at 1, 2, 5 and 14 classes, by softmax and by sigmoid, with ignored pixels", async () => {
  const cases = await torchClassLosses();
  assert.equal(cases.length, 15);
  for (const exact of cases) {
    const { record, gradient } = await runLoss(batchOf(exact));
    const [values, expected] = [record, exact].map(({ loss, dice, bce }) => [loss, dice, bce]);
    assertClose(values!, expected!, { absolute: 5e-6, relative: 1e-6, label: exact.name });
    assertCounts(record, exact);
    const absolute = 1e-5 * largestOf(exact.gradient);
    assertClose(gradient, exact.gradient, { absolute, label: `gradient of ${exact.name}` });
  }
});

Deno.test("batchGradient, recordOf: the formulas in float64 equal PyTorch's, for every case", async () => {
  for (const exact of await torchClassLosses()) {
    const batch = batchOf(exact);
    const sums = sumBatch(batch, exact.spec);
    const record = recordOf(sums, batch.targets.length, exact.spec);
    const [values, expected] = [record, exact].map(({ loss, dice, bce }) => [loss, dice, bce]);
    assertClose(values!, expected!, { absolute: 1e-12, relative: 1e-12, label: exact.name });
    assertCounts(record, exact);
    const gradient = batchGradient(batch, batchSums(sums, batch.targets.length), exact.spec);
    const absolute = 1e-12 * largestOf(exact.gradient);
    assertClose(gradient, exact.gradient, { absolute, label: `gradient of ${exact.name}` });
  }
});

const SPECS: readonly LossSpec[] = [
  { loss: "combined", head: "sigmoid", classes: 1 },
  { loss: "combined", head: "sigmoid", classes: 3 },
  { loss: "combined", head: "softmax", classes: 3 },
];

/** Random logits of two images, all of whose targets are `target`. */
function uniform(spec: LossSpec, target: number): Batch {
  const [pixels, softmax] = [11, spec.head === "softmax"];
  const logits = new Random(3).floats(2 * (spec.classes + (softmax ? 1 : 0)) * pixels, -4, 4);
  return {
    spec,
    pixels,
    logits,
    targets: new Float32Array(2 * (softmax ? 1 : spec.classes) * pixels).fill(target),
  };
}

Deno.test("loss: a batch in which everything is ignored has neither loss nor gradient", async () => {
  for (const spec of SPECS) {
    const { record, gradient } = await runLoss(uniform(spec, IGNORED_TARGET));
    const counts = { overlap: 0, predicted: 0, truth: 0 };
    const nothing = { loss: 0, dice: 0, bce: 0, accuracy: 0, ...counts, pixels: 0 };
    const classes = spec.classes > 1 ? { classes: Array(spec.classes).fill(counts) } : {};
    assert.deepEqual(record, { ...nothing, ...classes });
    assert.ok(gradient.every((value) => value === 0));
    const sums = sumBatch(uniform(spec, IGNORED_TARGET), spec);
    assert.deepEqual(recordOf(sums, uniform(spec, 0).targets.length, spec), { ...nothing, ...classes });
  }
});

Deno.test("loss: what an ignored pixel's logits are changes nothing", async () => {
  for (const spec of SPECS) {
    const batch = uniform(spec, 1);
    const channels = batch.logits.length / 2 / batch.pixels;
    const [logits, targets] = [batch.logits.slice(), batch.targets.slice()];
    for (let plane = 0; plane < targets.length / batch.pixels; plane++) {
      targets[plane * batch.pixels + 9] = IGNORED_TARGET;
    }
    for (let plane = 0; plane < 2 * channels; plane++) logits[plane * batch.pixels + 9] = 50 * plane - 80;
    const [before, after] = [
      await runLoss({ ...batch, targets }),
      await runLoss({ ...batch, targets, logits }),
    ];
    assert.deepEqual(after, before);
  }
});

Deno.test("loss: an absent class is no free point: its Dice loss stays near 1 while any probability is left", async () => {
  for (const spec of SPECS.slice(1)) {
    const batch = uniform(spec, 0);
    assert.ok((await runLoss(batch)).record.dice > 0.999);
    // A network that has learned to leave the classes out gets there, without NaN.
    const quiet = batch.logits.map((_, index) =>
      spec.head === "softmax" && Math.floor(index / batch.pixels) % 4 === 0 ? 60 : -60
    );
    const { record, gradient } = await runLoss({ ...batch, logits: quiet });
    assertClose([record.loss, record.dice], [0, 0], { absolute: 1e-6, label: "nothing left" });
    assert.ok(gradient.every(Number.isFinite));
  }
});

Deno.test("loss: a NaN among the logits shows in the loss with a softmax, too", async () => {
  for (const channel of [0, 2]) {
    const batch = uniform(SPECS[2]!, 1);
    batch.logits[channel * batch.pixels + 3] = NaN;
    assert.ok(Number.isNaN((await runLoss(batch)).record.loss));
  }
});

Deno.test("lossGradient: a power of two as scale multiplies exactly, with a softmax, too", async () => {
  for (const spec of SPECS.slice(1)) {
    const batch = uniform(spec, 1);
    const { gradient } = await runLoss(batch);
    assert.deepEqual((await runLoss(batch, 512)).gradient, gradient.map((value) => 512 * value));
  }
});

Deno.test("checkLossHead: a softmax is trained on the combined loss only, and the message says so", () => {
  for (const loss of LOSS_NAMES) checkLossHead(loss, "sigmoid");
  checkLossHead("combined", "softmax");
  for (const loss of ["focal", "tversky"] as const) {
    assert.throws(
      () => checkLossHead(loss, "softmax"),
      new RegExp(
        `^RangeError: Cannot train with loss "${loss}" and head "softmax"\nhint: use --loss combined, or --head sigmoid$`,
      ),
    );
  }
});
