import assert from "node:assert/strict";
import { LOSS_NAMES } from "../../kernels/loss/definition.ts";
import { Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { SINGLE_RANK } from "../../src/training/collective.ts";
import { combinedLoss, LOSSES } from "../reference/loss.ts";
import { assertClose } from "../support/compare.ts";
import { discs } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();
const BATCH = discs(3, 3, 32);

async function withTrainer(
  options: TrainerOptions,
  work: (trainer: Trainer, unet: UNet) => Promise<void>,
): Promise<void> {
  const unet = await UNet.create(gpu, { filters: 2, dropout: 0, norm: "instance" }, { seed: 5 });
  const trainer = await Trainer.create(unet, options);
  try {
    await work(trainer, unet);
  } finally {
    trainer.close();
    unet.close();
  }
}

for (const loss of LOSS_NAMES) {
  Deno.test(`Trainer: loss ${loss} is what is recorded and what gradients are of, also in micro-batches`, async () => {
    for (const microBatch of [undefined, 2]) {
      await withTrainer({ loss, microBatch }, async (trainer, unet) => {
        const { images, masks } = BATCH;
        const { data: logits } = await unet.logits(images);
        await trainer.enqueueEvaluation(images, masks);
        const [metrics] = await trainer.readMetrics();
        const { dice, bce, accuracy } = combinedLoss(logits, masks.data);
        const expected = { loss: LOSSES[loss].value(logits, masks.data), dice, bce, accuracy };
        for (const [name, value] of Object.entries(expected)) {
          assertClose([metrics![name as keyof typeof expected]], [value], { absolute: 1e-5, label: name });
        }
        // The last layer adds its bias to every logit: its gradient is the sum of theirs.
        const byLogits = LOSSES[loss].gradient(logits, masks.data);
        const sum = byLogits.reduce((total, value) => total + value);
        const size = byLogits.reduce((total, value) => total + Math.abs(value));
        const gradients = await trainer.gradients(images, masks);
        assertClose(gradients.get("outc.bias")!.data, [sum], { absolute: 1e-5 * size, label: "bias" });
      });
    }
  });

  Deno.test(`Trainer: 20 steps lower the loss ${loss}`, () =>
    withTrainer({ loss, learningRate: 2e-2 }, async (trainer) => {
      const { images, masks } = BATCH;
      for (let step = 0; step < 20; step++) await trainer.enqueue(images, masks);
      const losses = (await trainer.readMetrics()).map(({ loss }) => loss);
      assert.ok(losses.at(-1)! < 0.9 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
    }));
}

Deno.test("Trainer: on one rank a step is one submission, and neither reads the device nor calls the collective", () =>
  withTrainer(
    { collective: { ...SINGLE_RANK, allReduce: () => assert.fail("one rank reduced something") } },
    async (trainer) => {
      const { images, masks } = BATCH;
      await trainer.prepare(3, 32, 32);
      await trainer.step(images, masks);
      const { queue } = gpu.device;
      const submit = queue.submit.bind(queue);
      let submissions = 0;
      try {
        queue.submit = (buffers) => {
          submissions++;
          submit(buffers);
        };
        gpu.read = () => assert.fail("a step read the device");
        await trainer.enqueue(images, masks);
      } finally {
        Reflect.deleteProperty(queue, "submit");
        Reflect.deleteProperty(gpu, "read");
      }
      assert.equal(submissions, 1);
    },
  ));
