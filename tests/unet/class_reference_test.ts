/** The network with several classes against PyTorch's float64 run: probabilities, loss, and every gradient by name. */
import assert from "node:assert/strict";
import { logitChannels } from "../../src/unet/config.ts";
import { type Gpu, Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { assertClose } from "../support/compare.ts";
import { memoryCollectives } from "../support/memory_collective.ts";
import { cut } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { assertGradients, LIMITS } from "../support/unet_comparison.ts";
import { loadUnetFixture, pick, type UnetFixture } from "../support/unet_fixture.ts";

/** Of an entry of a gradient, relative to the largest one of its tensor. */
const GRADIENT = 1e-5;

async function open(gpu: Gpu, { report, weights }: UnetFixture, options: TrainerOptions = {}) {
  const { filters, norm, classes = 1, head = "sigmoid" } = report;
  const config = { filters, norm, dropout: 0, outChannels: logitChannels(classes, head), head };
  return await Trainer.create(await UNet.create(gpu, config, { state: weights }), options);
}

function close(trainer: Trainer): void {
  trainer.close();
  trainer.unet.close();
}

async function assertLoss(
  trainer: Trainer,
  { target, images, report: { parts } }: UnetFixture,
  absolute: number,
) {
  await trainer.enqueueEvaluation(images, target);
  const [record] = await trainer.readMetrics();
  for (const part of ["loss", "dice", "bce"] as const) {
    assertClose([record![part]], [parts[part]], { absolute, label: part });
  }
}

for (const name of ["c2_softmax", "c5_softmax", "c14_softmax", "c3_sigmoid"]) {
  Deno.test(`UNet: equals PyTorch on ${name}: probabilities, loss, gradients, also in micro-batches`, async () => {
    const gpu = await openTestGpu({ kernels: "strict" });
    const fixture = await loadUnetFixture(name);
    const { images, target, report } = fixture;
    const exact = fixture.output("probabilities");
    for (const microBatch of [undefined, 2]) {
      const trainer = await open(gpu, fixture, { microBatch });
      const { shape, data } = await trainer.unet.predict(images);
      assert.deepEqual(shape, [report.batch, report.classes, report.height, report.width]);
      assertClose(pick(data, exact), exact.values, { absolute: LIMITS.probability, label: "probabilities" });
      await assertLoss(trainer, fixture, LIMITS.loss);
      assertGradients(await trainer.gradients(images, target), fixture, 1, GRADIENT);
      close(trainer);
    }
  });
}

Deno.test("Collective: two ranks with several classes have the loss and the gradients of the whole batch", async () => {
  const gpu = await openTestGpu({ kernels: "strict" });
  for (const name of ["c5_softmax", "c3_sigmoid"]) {
    const fixture = await loadUnetFixture(name);
    const whole = { images: fixture.images, masks: fixture.target };
    const shares = [cut(whole, 0, 1), cut(whole, 1, 3)];
    const trainers = await Promise.all(
      memoryCollectives(2).map((collective) => open(gpu, fixture, { collective })),
    );
    const records = await Promise.all(trainers.map(async (trainer, rank) => {
      const { images, masks } = shares[rank]!;
      assertGradients(await trainer.gradients(images, masks), fixture, 1, GRADIENT);
      await trainer.enqueueEvaluation(images, masks);
      return (await trainer.readMetrics())[0]!;
    }));
    const alone = await open(gpu, fixture);
    await alone.enqueueEvaluation(whole.images, whole.masks);
    const [expected] = await alone.readMetrics();
    // Ignored pixels of one rank count on no rank, and the counts of each class are those of both.
    assert.deepEqual(records, [expected, expected]);
    assert.equal(expected!.classes!.length, fixture.report.classes);
    for (const trainer of [...trainers, alone]) close(trainer);
  }
});
