/**
 * The whole network against PyTorch's float64 run on hot weights: forward, loss, every gradient, Adam, training.
 */
import assert from "node:assert/strict";
import { type Gpu, openGpu, Trainer, UNet } from "../../mod.ts";
import { assertClose } from "../support/compare.ts";
import { assertGradients, assertParameters, LIMITS, SLACK } from "../support/unet_comparison.ts";
import { loadUnetFixture, pick, type UnetFixture } from "../support/unet_fixture.ts";

const LEARNING_RATE = 1e-4;
const CASES = ["f2_none", "f2_instance", "f4_none", "f4_wide", "f4_instance", "f8_none", "f8_instance"];

async function withNetwork(
  kernels: "strict" | "fast",
  name: string,
  body: (unet: UNet, fixture: UnetFixture, gpu: Gpu) => Promise<void>,
): Promise<void> {
  const fixture = await loadUnetFixture(name);
  const gpu = await openGpu({ kernels });
  const { filters, norm } = fixture.report;
  const unet = await UNet.create(gpu, { filters, norm, dropout: 0 });
  try {
    unet.loadStateDict(fixture.weights);
    await body(unet, fixture, gpu);
  } finally {
    unet.close();
    gpu.close();
  }
}

async function assertProbabilities(unet: UNet, fixture: UnetFixture, absolute: number): Promise<void> {
  const { shape, data } = await unet.predict(fixture.images);
  assert.deepEqual(shape, fixture.target.shape);
  const exact = fixture.output("probabilities");
  assertClose(pick(data, exact), exact.values, { absolute, label: "probabilities" });
}

for (const kernels of ["strict", "fast"] as const) {
  const slack = SLACK[kernels];
  for (const name of CASES) {
    Deno.test(`${kernels} equals PyTorch on ${name}: logits, loss, gradients`, () =>
      withNetwork(kernels, name, async (unet, fixture) => {
        const { images, target, report, weights } = fixture;
        const logits = await unet.logits(images);
        assert.deepEqual(logits.shape, target.shape);
        const exact = fixture.output("logits");
        assertClose(pick(logits.data, exact), exact.values, {
          absolute: slack * LIMITS.logit,
          label: "logits",
        });
        await assertProbabilities(unet, fixture, slack * LIMITS.probability);

        const trainer = await Trainer.create(unet, { learningRate: LEARNING_RATE });
        try {
          assertGradients(await trainer.gradients(images, target), fixture, slack);
          assert.deepEqual(await unet.stateDict(), weights, "gradients() must not update");
          const { accuracy, ...losses } = await trainer.step(images, target);
          for (const part of ["loss", "dice", "bce"] as const) {
            const limit = slack * LIMITS.loss;
            assertClose([losses[part]], [report.parts[part]], { absolute: limit, label: part });
          }
          // A probability next to one half may round the other way: one pixel, and ten where kernels are fast.
          const pixels = target.data.length;
          const limit = (slack + 0.5) / pixels;
          assertClose([accuracy], [report.parts.accuracy], { absolute: limit, label: "accuracy" });
        } finally {
          trainer.close();
        }
      }));
  }

  for (const name of ["f32_none", "f32_instance"]) {
    Deno.test(`${kernels} equals PyTorch on ${name}: 31 million weights at 256 pixels`, () =>
      withNetwork(
        kernels,
        name,
        (unet, fixture) => assertProbabilities(unet, fixture, slack * LIMITS.largeProbability),
      ));
  }

  for (const name of ["f2_none", "f2_instance", "f4_none", "f4_instance"]) {
    Deno.test(`${kernels} trains as PyTorch does on ${name}: parameters and losses of 20 steps`, () =>
      withNetwork(kernels, name, async (unet, fixture) => {
        const { images, target, report } = fixture;
        const trainer = await Trainer.create(unet, { learningRate: LEARNING_RATE });
        try {
          const losses: number[] = [];
          for (let step = 1; step <= report.losses!.length; step++) {
            losses.push((await trainer.step(images, target)).loss);
            const limit = slack * LIMITS.parameter * LEARNING_RATE;
            if (step === 1) assertParameters(await unet.stateDict(), fixture, "after1", limit);
            if (step === 5) assertParameters(await unet.stateDict(), fixture, "after5", limit);
          }
          assertClose(losses, report.losses!, { absolute: slack * LIMITS.trainingLoss, label: "losses" });
        } finally {
          trainer.close();
        }
      }));
  }
}
