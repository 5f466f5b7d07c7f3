/** Training with tensors stored as float16: its gradients beside float32's, learning, resuming, parts and memory. */
import assert from "node:assert/strict";
import { type Gpu, openGpu, type StateDict, Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { lossScale } from "../../kernels/loss/loss.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { discs } from "../support/shapes_to_find.ts";
import { loadUnetFixture } from "../support/unet_fixture.ts";

/** How far the whole gradient may be from float32's, as a share of its norm: 0.2 to 2.6 % was seen. */
const WHOLE = 0.03;

/**
 * How far a tensor's gradient may be, against the most that any is where float32 computes with weights rounded to
 * float16. Either rounding turns some ReLUs' and maxima's decisions, and what they decide is large: of these small
 * networks' tensors 2 to 10 % of the norm; 0.5 to 2.7 times what rounded weights do was seen.
 */
const AGAINST_ROUNDED_WEIGHTS = 4;

const adapter = await navigator.gpu.requestAdapter();

/** Runs on a device of each kind. */
async function onBoth<T>(work: (gpu: Gpu) => Promise<T>): Promise<[full: T, half: T]> {
  return [await on("f32", work), await on("f16", work)];
}

async function on<T>(precision: "f32" | "f16", work: (gpu: Gpu) => Promise<T>): Promise<T> {
  const gpu = await openGpu({ precision });
  try {
    return await work(gpu);
  } finally {
    gpu.close();
  }
}

async function withTrainer<T>(
  gpu: Gpu,
  norm: "none" | "instance",
  options: TrainerOptions,
  work: (trainer: Trainer) => Promise<T>,
  state?: StateDict,
): Promise<T> {
  const filters = state ? state.get("down1.conv1.weight")!.shape[0]! : 4;
  const unet = await UNet.create(gpu, { filters, norm, dropout: state ? 0 : 0.4 }, {
    seed: 2,
    ...(state ? { state } : {}),
  });
  const trainer = await Trainer.create(unet, options);
  try {
    return await work(trainer);
  } finally {
    trainer.close();
    unet.close();
  }
}

Deno.test("lossScale: a power of two, so that dividing by it is exact", () => {
  assert.equal(lossScale(1), 8);
  assert.equal(lossScale(32 * 256 * 256), 2 ** 24);
  assert.equal(lossScale(2 ** 21 - 1), 2 ** 23);
});

Deno.test("plans: a prediction stores nothing as float16", () => {
  const gpu = {
    adapter: { description: "", vendor: "", isFallback: true },
    limits: { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 },
    kernels: "fast",
    precision: "f16",
    choices: {},
  } as const;
  const spec = { batch: 2, height: 64, width: 64 };
  const halvesOf = (kind: "predict" | "evaluate" | "train") =>
    recordPlan(completeConfig({ filters: 4 }), planTarget(gpu), { ...spec, kind }).steps
      .filter(({ dispatch }) => dispatch.kernel.code.startsWith("enable f16;")).length;
  assert.equal(halvesOf("predict"), 0);
  assert.ok(halvesOf("evaluate") > 20 && halvesOf("train") > 100);
});

if (adapter?.features.has("shader-f16")) {
  for (const name of ["f4_none", "f8_none", "f8_instance"]) {
    Deno.test(`float16: gradients are float32's as nearly as rounding lets them, ${name}`, async () => {
      const { images, target, weights, report: { norm } } = await loadUnetFixture(name);
      const gradients = (gpu: Gpu, state: StateDict) =>
        withTrainer(gpu, norm, {}, (trainer) => trainer.gradients(images, target), state);
      const [full, half] = await onBoth((gpu) => gradients(gpu, weights));
      const rounded = new Map(
        [...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map(Math.f16round) }]),
      );
      const control = await on("f32", (gpu) => gradients(gpu, rounded));
      const worst = (other: StateDict) =>
        Math.max(...[...full.keys()].map((name) => {
          // A bias before a normalisation has no gradient but rounding: its weight's is what that is measured by.
          const cancelled = norm === "instance" && /\.conv[12]\.bias$/.test(name);
          const scale = full.get(cancelled ? name.replace(".bias", ".weight") : name)!;
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

  for (const [norm, learningRate] of [["none", 5e-3], ["instance", 2e-2]] as const) {
    Deno.test(`float16: 60 steps find the discs of four images as float32's do, norm ${norm}`, async () => {
      const { images, masks } = discs(1, 4, 32);
      const [full, half] = await onBoth((gpu) =>
        withTrainer(gpu, norm, { learningRate }, async (trainer) => {
          for (let step = 0; step < 60; step++) await trainer.enqueue(images, masks);
          await trainer.readMetrics();
          await trainer.enqueueEvaluation(images, masks);
          const [{ loss, overlap, predicted, truth }] = await trainer.readMetrics() as [
            Awaited<ReturnType<Trainer["readMetrics"]>>[number],
          ];
          return { loss, dice: 2 * overlap / (predicted + truth) };
        })
      );
      assert.ok(half.loss < 0.12 && half.dice > 0.95, `loss ${half.loss}, dice ${half.dice}`);
      assert.ok(Math.abs(half.loss - full.loss) < 0.03, `${half.loss} against ${full.loss}`);
    });
  }

  Deno.test("float16: a resumed run equals an uninterrupted one bit for bit, whole and in parts", () =>
    on("f16", async (gpu) => {
      const { images, masks } = discs(1, 4, 64);
      for (const microBatch of [undefined, 2]) {
        const options = { learningRate: 1e-3, clipNorm: 0.5, microBatch };
        const three = async (trainer: Trainer) => {
          for (let step = 0; step < 3; step++) await trainer.step(images, masks);
          return await trainer.state();
        };
        const [middle, end] = await withTrainer(gpu, "none", options, async (trainer) => [
          await three(trainer),
          await three(trainer),
        ]);
        const resumed = await withTrainer(gpu, "none", options, (trainer) => {
          trainer.load(middle!);
          return three(trainer);
        });
        assert.deepEqual(resumed, end);
      }
    }));

  Deno.test("float16: what exceeds its range ends the training, with the way out", () =>
    on("f16", async (gpu) => {
      const { images, masks } = discs(1, 2, 32);
      const large = { ...images, data: images.data.map((value) => 1e7 * value) };
      await withTrainer(gpu, "none", {}, async (trainer) => {
        await assert.rejects(trainer.step(large, masks), {
          message: /^Training diverged: the loss of step 1 is \S+\nhint: train with --precision f32, lower /,
        });
      });
    }));
}

/** The root of the sum of squares of all values. */
function length(tensors: readonly Float32Array[]): number {
  return Math.sqrt(tensors.reduce((sum, values) => values.reduce((sum, value) => sum + value ** 2, sum), 0));
}

function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return length(a.map((values, index) => values.map((value, i) => value - b[index]![i]!)));
}
