/** Training with tensors stored as float16: its gradients compared with float32's, resuming and overflow. */
import assert from "node:assert/strict";
import { type Gpu, type Precision, type StateDict, Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { lossScale } from "../../kernels/loss/loss.ts";
import type { UNetConfig } from "../../src/unet/config.ts";
import { inferConfig } from "../../src/unet/parameters.ts";
import { discs } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { loadUnetFixture } from "../support/unet_fixture.ts";

/** Relative distance of the whole gradient from float32's: 0.2 to 2.6 % was seen. */
const WHOLE = 0.03;

/**
 * Largest relative distance of a tensor's gradient, as a multiple of the largest one that rounding the weights to float16
 * causes in float32. Both roundings flip decisions of some ReLUs and maxima, which moves the gradients of these small
 * networks by 2 to 10 % of their norm; 0.5 to 2.7 times as much was seen.
 */
const AGAINST_ROUNDED_WEIGHTS = 4;

const adapter = await navigator.gpu.requestAdapter();

const openPrecision = (precision: Precision) => openTestGpu(precision === "f32" ? {} : { precision });

async function withTrainer<T>(
  gpu: Gpu,
  config: Partial<UNetConfig>,
  options: TrainerOptions,
  work: (trainer: Trainer) => Promise<T>,
  state?: StateDict,
): Promise<T> {
  const network = state ? { ...config, ...inferConfig(state), dropout: 0 } : { filters: 4, ...config };
  const unet = await UNet.create(gpu, network, { seed: 2, ...(state ? { state } : {}) });
  const trainer = await Trainer.create(unet, options);
  try {
    return await work(trainer);
  } finally {
    trainer.close();
    unet.close();
  }
}

Deno.test("lossScale: is a power of two, so that dividing by it is exact", () => {
  assert.equal(lossScale(1), 8);
  assert.equal(lossScale(32 * 256 * 256), 2 ** 24);
  assert.equal(lossScale(2 ** 21 - 1), 2 ** 23);
});

if (adapter?.features.has("shader-f16")) {
  for (const name of ["f4_none", "f8_instance", "c14_softmax", "c3_sigmoid"]) {
    Deno.test(`Trainer: float16 gradients equal float32's up to rounding, ${name}`, async () => {
      const { images, target, weights, report: { norm, head } } = await loadUnetFixture(name);
      const gradients = async (precision: Precision, state: StateDict) =>
        await withTrainer(
          await openPrecision(precision),
          head ? { head } : {},
          {},
          (trainer) => trainer.gradients(images, target),
          state,
        );
      const full = await gradients("f32", weights);
      const half = await gradients("f16", weights);
      const rounded = new Map(
        [...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map(Math.f16round) }]),
      );
      const control = await gradients("f32", rounded);
      const worst = (other: StateDict) =>
        Math.max(...[...full.keys()].map((name) => {
          // The gradient of a bias before a norm is only rounding: it is measured against its weight's.
          const canceled = norm === "instance" && /\.conv[12]\.bias$/.test(name);
          const scale = full.get(canceled ? name.replace(".bias", ".weight") : name)!;
          return distance([full.get(name)!.data], [other.get(name)!.data]) / length([scale.data]);
        }));
      const [half16, weights16] = [worst(half), worst(control)];
      assert.ok(
        half16 <= AGAINST_ROUNDED_WEIGHTS * weights16,
        `worst tensor: ${half16} against ${weights16}`,
      );
      const all = (state: StateDict) => [...full.keys()].map((name) => state.get(name)!.data);
      const off = distance(all(full), all(half)) / length(all(full));
      assert.ok(off <= WHOLE, `whole gradient: off by ${off} of its norm`);
    });
  }

  Deno.test("Trainer: with float16, a run resumed in micro-batches equals an uninterrupted one bit for bit", async () => {
    const { images, masks } = discs(1, 4, 64);
    const options = { learningRate: 1e-3, clipNorm: 0.5, microBatch: 2 };
    const three = async (trainer: Trainer) => {
      for (let step = 0; step < 3; step++) await trainer.step(images, masks);
      return await trainer.state();
    };
    const gpu = await openPrecision("f16");
    const [middle, end] = await withTrainer(gpu, {}, options, async (trainer) => [
      await three(trainer),
      await three(trainer),
    ]);
    const resumed = await withTrainer(gpu, {}, options, (trainer) => {
      trainer.load(middle!);
      return three(trainer);
    });
    assert.deepEqual(resumed, end);
  });

  Deno.test("Trainer: with float16, an overflow ends the training run with a hint", async () => {
    const { images, masks } = discs(1, 2, 32);
    const large = { ...images, data: images.data.map((value) => 1e7 * value) };
    await withTrainer(await openPrecision("f16"), {}, {}, async (trainer) => {
      await assert.rejects(trainer.step(large, masks), {
        message: /^Training diverged: the loss of step 1 is \S+\nhint: train with --precision f32, lower /,
      });
    });
  });
}

/** The root of the sum of squares of all values. */
function length(tensors: readonly Float32Array[]): number {
  return Math.sqrt(tensors.reduce((sum, values) => values.reduce((sum, value) => sum + value ** 2, sum), 0));
}

function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return length(a.map((values, index) => values.map((value, i) => value - b[index]![i]!)));
}
