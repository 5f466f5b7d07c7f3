/**
 * The whole network against PyTorch's float64 run on hot weights: forward, loss, every gradient, Adam, training; with
 * the variants chosen by default and with those for hardware, on any adapter.
 */
import assert from "node:assert/strict";
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { type Gpu, type StateDict, Trainer, UNet } from "../../mod.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { assertClose } from "../support/compare.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { assertGradients, assertParameters, LIMITS, SLACK } from "../support/unet_comparison.ts";
import { loadUnetFixture, pick, type UnetFixture } from "../support/unet_fixture.ts";

type Arithmetic = "strict" | "fast";

const LEARNING_RATE = 1e-4;

const CASES = ["f2_none", "f2_instance", "f4_none", "f4_wide", "f4_instance", "f8_none", "f8_instance"];

/** Cases of a network that halves its images 4 or 7 times. */
const DEPTHS = ["f2_depth4", "f1_depth7"];

/** Cases whose 20 training steps are compared, too. */
const TRAINED = ["f4_none", "f4_instance"];

const HARDWARE = defaultChoices("hardware");
const HARDWARE_IM2COL = { ...HARDWARE, "conv3x3/few": "im2col" };

/** Every pair of arithmetic, case and way of computing few pixels occurs. */
const HARDWARE_CASES: readonly [Arithmetic, string, KernelChoices][] = [
  ["strict", "f4_wide", HARDWARE],
  ["strict", "f8_none", HARDWARE_IM2COL],
  ["strict", "f8_instance", HARDWARE],
  ["fast", "f4_wide", HARDWARE_IM2COL],
  ["fast", "f8_none", HARDWARE],
  ["fast", "f8_instance", HARDWARE_IM2COL],
];

/** The device of each arithmetic; the fast one is that of all other tests. */
const openArithmetic = (kernels: Arithmetic) => openTestGpu(kernels === "fast" ? {} : { kernels });

async function withNetwork<T>(
  gpu: Gpu,
  { report: { filters, norm, depth }, weights }: UnetFixture,
  work: (unet: UNet, trainer: Trainer) => Promise<T>,
): Promise<T> {
  const unet = await UNet.create(gpu, { filters, norm, dropout: 0, ...(depth && { depth }) }, {
    state: weights,
  });
  const trainer = await Trainer.create(unet, { learningRate: LEARNING_RATE });
  try {
    return await work(unet, trainer);
  } finally {
    trainer.close();
    unet.close();
  }
}

async function assertLogits(unet: UNet, fixture: UnetFixture, absolute: number): Promise<Float32Array> {
  const { shape, data } = await unet.logits(fixture.images);
  assert.deepEqual(shape, fixture.target.shape);
  const exact = fixture.output("logits");
  assertClose(pick(data, exact), exact.values, { absolute, label: "logits" });
  return data;
}

async function assertProbabilities(unet: UNet, fixture: UnetFixture, absolute: number): Promise<void> {
  const { shape, data } = await unet.predict(fixture.images);
  assert.deepEqual(shape, fixture.target.shape);
  const exact = fixture.output("probabilities");
  assertClose(pick(data, exact), exact.values, { absolute, label: "probabilities" });
}

/** Takes the first training step, and the following ones if the fixture has them. */
async function assertSteps(
  unet: UNet,
  trainer: Trainer,
  fixture: UnetFixture,
  { slack, steps }: { slack: number; steps: number },
): Promise<void> {
  const { images, target, report: { parts, losses } } = fixture;
  const { accuracy, ...first } = await trainer.step(images, target);
  for (const part of ["loss", "dice", "bce"] as const) {
    assertClose([first[part]], [parts[part]], { absolute: slack * LIMITS.loss, label: part });
  }
  // A probability next to one half may round the other way: one pixel, and ten if kernels are fast.
  const limit = (slack + 0.5) / target.data.length;
  assertClose([accuracy], [parts.accuracy], { absolute: limit, label: "accuracy" });
  if (steps === 1) return;
  const absolute = slack * LIMITS.parameter * LEARNING_RATE;
  assertParameters(await unet.stateDict(), fixture, "after1", absolute);
  const found = [first.loss];
  while (found.length < steps) {
    found.push((await trainer.step(images, target)).loss);
    if (found.length === 5) assertParameters(await unet.stateDict(), fixture, "after5", absolute);
  }
  assertClose(found, losses!, { absolute: slack * LIMITS.trainingLoss, label: "losses" });
}

for (const kernels of ["strict", "fast"] as const) {
  const slack = SLACK[kernels];
  for (const name of [...CASES, ...kernels === "fast" ? DEPTHS : []]) {
    const trained = TRAINED.includes(name);
    const what = trained ? "logits, loss, gradients, 20 training steps" : "logits, loss, gradients";
    Deno.test(`UNet: ${kernels} kernels equal PyTorch on ${name}: ${what}`, async () => {
      const fixture = await loadUnetFixture(name);
      const { images, target, weights, report } = fixture;
      await withNetwork(await openArithmetic(kernels), fixture, async (unet, trainer) => {
        await assertLogits(unet, fixture, slack * LIMITS.logit);
        await assertProbabilities(unet, fixture, slack * LIMITS.probability);
        assertGradients(await trainer.gradients(images, target), fixture, slack);
        assert.deepEqual(await unet.stateDict(), weights, "gradients() must not update");
        await assertSteps(unet, trainer, fixture, { slack, steps: trained ? report.losses!.length : 1 });
      });
    });
  }
}

// Every arithmetic and every norm at the original's size.
for (const [kernels, name] of [["fast", "f32_none"], ["strict", "f32_instance"]] as const) {
  Deno.test(`UNet: ${kernels} kernels equal PyTorch on ${name}: 31 million weights at 256 pixels`, async () => {
    const fixture = await loadUnetFixture(name);
    const { filters, norm } = fixture.report;
    const unet = await UNet.create(await openArithmetic(kernels), { filters, norm }, {
      state: fixture.weights,
    });
    await assertProbabilities(unet, fixture, SLACK[kernels] * LIMITS.largeProbability);
    unet.close();
  });
}

/** What one device computes of a fixture's batch. */
interface Outcome {
  logits: Float32Array;
  gradients: StateDict;
  kernels: Set<string>;
}

function compute(gpu: Gpu, fixture: UnetFixture, slack: number): Promise<Outcome> {
  return withNetwork(gpu, fixture, async (unet, trainer) => {
    const { images, target, report: { batch, height, width } } = fixture;
    const { steps } = recordPlan(unet.config, planTarget(gpu), { kind: "train", batch, height, width });
    return {
      logits: await assertLogits(unet, fixture, slack * LIMITS.logit),
      gradients: await trainer.gradients(images, target),
      kernels: new Set(steps.map(({ dispatch }) => dispatch.kernel.label)),
    };
  });
}

for (const [kernels, name, choices] of HARDWARE_CASES) {
  const products = choices === HARDWARE ? "Winograd's products" : "products of im2col";
  Deno.test(`UNet: ${kernels} kernels for hardware equal PyTorch on ${name}: all products tiled, with ${products}`, async () => {
    const slack = SLACK[kernels];
    const fixture = await loadUnetFixture(name);
    const expected = await compute(await openArithmetic(kernels), fixture, slack);
    const tiled = await openTestGpu({ kernels, choices });
    const actual = await compute(tiled, fixture, slack);
    assert.equal(actual.kernels.has("conv2d/im2col"), choices === HARDWARE_IM2COL);
    assert.ok(actual.kernels.has("gemm/tiled"));
    for (const part of ["forward", "dgrad", "wgrad"]) {
      assert.ok(actual.kernels.has(`conv_transpose2d/tiled_${part}`), part);
    }
    const byRegisters = ({ kernels }: Outcome) => [...kernels].some((label) => label.startsWith("gemm/nn"));
    assert.ok(!byRegisters(actual));
    if (tiled.adapter.isFallback) assert.ok(byRegisters(expected));
    assertClose(actual.logits, expected.logits, {
      absolute: slack * LIMITS.logit,
      label: "logits by default",
    });
    assertGradients(actual.gradients, fixture, slack);
    const { norm, gradients } = fixture.report;
    for (const [tensor, { data }] of expected.gradients) {
      const canceled = norm === "instance" && /\.conv[12]\.bias$/.test(tensor);
      const { largest } = gradients[canceled ? tensor.replace(".bias", ".weight") : tensor]!;
      assertClose(actual.gradients.get(tensor)!.data, data, {
        absolute: slack * LIMITS.gradient * largest,
        label: `gradient of ${tensor} by default`,
      });
    }
  });
}

Deno.test("recordPlan: sums long rows by subgroups on hardware that has them", async () => {
  const gpu = await openTestGpu({ kernels: "fast", choices: HARDWARE });
  // Enough bands of pixels for rows to be long.
  const spec = { kind: "train", batch: 4, height: 256, width: 256 } as const;
  const { steps } = recordPlan(completeConfig({ filters: 8 }), planTarget(gpu), spec);
  const labels = new Set(steps.map(({ dispatch }) => dispatch.kernel.label));
  assert.equal(labels.has("reduce/rows_subgroup"), gpu.has("subgroups"));
});
