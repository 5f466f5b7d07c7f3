/** Training: overfitting, the same bits every time, resuming, and everything around an update. */
import assert from "node:assert/strict";
import { type Gpu, type Precision, type StateDict, Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { EVERY_CHANGE } from "../support/augmentation.ts";
import { assertClose } from "../support/compare.ts";
import { cut, discs } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const device = await openTestGpu();

const BATCH = discs(1, 4, 32);

/** The smallest images whose deepest planes have more than one pixel, so that a norm does not cancel dropout. */
const LARGER = discs(1, 4, 64);

interface Setting {
  gpu?: Gpu;
  norm?: "none" | "instance";
  dropout?: number;
  options?: TrainerOptions;
}

async function withTrainer<T>(
  { gpu = device, norm = "none", dropout = 0.4, options = {} }: Setting,
  work: (trainer: Trainer, unet: UNet) => Promise<T>,
): Promise<T> {
  const unet = await UNet.create(gpu, { filters: 4, norm, dropout }, { seed: 2 });
  const trainer = await Trainer.create(unet, options);
  try {
    return await work(trainer, unet);
  } finally {
    trainer.close();
    unet.close();
  }
}

/** Takes steps on batches of four, four and two images in turn; returns their losses. */
async function train(trainer: Trainer, steps: number): Promise<number[]> {
  for (let step = 0; step < steps; step++) {
    const { images, masks } = trainer.steps % 3 === 2 ? cut(LARGER, 1, 3) : LARGER;
    await trainer.enqueue(images, masks);
  }
  return (await trainer.readMetrics()).map(({ loss }) => loss);
}

/** All values of a state in the order of its names. */
function flat(state: StateDict): Float64Array {
  return Float64Array.from([...state.values()].flatMap(({ data }) => [...data]));
}

function norm(values: ArrayLike<number>): number {
  let squares = 0;
  for (let index = 0; index < values.length; index++) squares += values[index]! ** 2;
  return Math.sqrt(squares);
}

const halfPrecision = (await navigator.gpu.requestAdapter())?.features.has("shader-f16") ?? false;

for (const [norm, learningRate] of [["none", 5e-3], ["instance", 2e-2]] as const) {
  Deno.test(`Trainer: 60 steps find the discs of four images, with float16 as with float32, norm ${norm}`, async () => {
    const run = async (precision: Precision) => {
      const gpu = await openTestGpu(precision === "f32" ? {} : { precision });
      return await withTrainer({ gpu, norm, options: { learningRate } }, async (trainer) => {
        const { images, masks } = BATCH;
        for (let step = 0; step < 60; step++) await trainer.enqueue(images, masks);
        const losses = (await trainer.readMetrics()).map(({ loss }) => loss);
        await trainer.enqueueEvaluation(images, masks);
        const [after] = await trainer.readMetrics();
        assert.ok(losses[0]! > 0.6, `${precision}: ${losses[0]}`);
        const { loss, overlap, predicted, truth } = after!;
        const dice = 2 * overlap / (predicted + truth);
        assert.ok(loss < 0.12 && dice > 0.95, `${precision}: loss ${loss}, dice ${dice}`);
        return loss;
      });
    };
    const full = await run("f32");
    if (!halfPrecision) return;
    const half = await run("f16");
    assert.ok(Math.abs(half - full) < 0.03, `${half} with float16, ${full} with float32`);
  });
}

for (const norm of ["none", "instance"] as const) {
  const setting: Setting = {
    norm,
    options: {
      learningRate: 1e-3,
      augmentation: EVERY_CHANGE,
      seed: 11,
      clipNorm: 0.5,
      averageDecay: 0.9,
      weightDecay: 0.01,
    },
  };

  Deno.test(`Trainer: a resumed run equals an uninterrupted one bit for bit, another seed does not, norm ${norm}`, async () => {
    const { first, middle, losses, end } = await withTrainer(setting, async (trainer) => {
      const first = await train(trainer, 4);
      const middle = await trainer.state();
      return { first, middle, losses: await train(trainer, 4), end: await trainer.state() };
    });
    // From the beginning: the same bits again.
    await withTrainer(setting, async (trainer) => {
      assert.deepEqual(await train(trainer, 4), first);
      assert.deepEqual(await trainer.state(), middle);
    });
    await withTrainer(setting, async (trainer) => {
      trainer.load(middle);
      assert.deepEqual(await trainer.state(), middle);
      assert.deepEqual(await train(trainer, 4), losses);
      assert.deepEqual(await trainer.state(), end);
      // Back once more, in the same trainer.
      trainer.load(middle);
      assert.deepEqual(await train(trainer, 4), losses);
    });
    const other = { ...setting, options: { ...setting.options, seed: 12 } };
    await withTrainer(other, async (trainer) => assert.notEqual((await train(trainer, 1))[0], first[0]));
    // The first loss hardly depends on the deepest level; what is dropped there gets no gradient.
    await withTrainer({ ...setting, dropout: 0 }, async (trainer) => {
      await train(trainer, 4);
      assert.notDeepEqual((await trainer.state()).weights, middle.weights);
    });
  });
}

Deno.test("Trainer.step: gives the metrics that enqueue() and readMetrics() give", async () => {
  const options = { learningRate: 1e-3 };
  const { images, masks } = BATCH;
  const enqueued = await withTrainer({ options }, async (trainer) => {
    for (let step = 0; step < 3; step++) await trainer.enqueue(images, masks);
    return (await trainer.readMetrics()).map(({ loss, dice, bce, accuracy }) => ({
      loss,
      dice,
      bce,
      accuracy,
    }));
  });
  await withTrainer({ options }, async (trainer) => {
    for (const metrics of enqueued) {
      assert.deepEqual(await trainer.step(images, masks), metrics);
      const { loss, dice, bce } = metrics;
      assertClose([loss], [0.6 * dice + 0.4 * bce], { absolute: 1e-6, label: "loss" });
    }
    assert.equal(trainer.steps, 3);
    assert.deepEqual(await trainer.readMetrics(), []);
  });
});

Deno.test("Trainer: gradients and evaluations change nothing, and evaluation is without dropout", () =>
  withTrainer({ options: { augmentation: EVERY_CHANGE } }, async (trainer, unet) => {
    const { images, masks } = BATCH;
    const before = await trainer.state();
    const gradients = await trainer.gradients(images, masks);
    assert.deepEqual(await trainer.gradients(images, masks), gradients);
    await trainer.enqueueEvaluation(images, masks);
    await trainer.enqueueEvaluation(images, masks);
    const [first, second] = await trainer.readMetrics();
    assert.deepEqual(first, second);
    assert.deepEqual(await trainer.state(), before);
    const { data } = await unet.predict(images);
    const predicted = data.reduce((count, value) => count + (value > 0.5 ? 1 : 0), 0);
    const truth = masks.data.reduce((count, value) => count + value, 0);
    assert.deepEqual([first!.predicted, first!.truth, first!.pixels], [predicted, truth, masks.data.length]);
  }));

Deno.test("Trainer: averages the gradients of several batches before an update", async () => {
  const halves = [cut(BATCH, 0, 2), cut(BATCH, 2, 4)];
  const setting = { dropout: 0 };
  const gradients = await withTrainer(setting, async (trainer) => {
    const all = [];
    for (const { images, masks } of halves) all.push(flat(await trainer.gradients(images, masks)));
    return all;
  });
  const mean = gradients[0]!.map((value, index) => (value + gradients[1]![index]!) / 2);
  await withTrainer({ ...setting, options: { accumulate: 2, learningRate: 1e-3 } }, async (trainer, unet) => {
    const start = await trainer.state();
    await trainer.enqueue(halves[0]!.images, halves[0]!.masks);
    // Nothing is updated yet, and the state cannot be saved.
    assert.deepEqual(flat(await unet.stateDict()), flatBlock(start.weights, unet));
    await assert.rejects(
      trainer.state(),
      /Cannot save a trainer within an accumulation\nhint: call flush\(\) first/,
    );
    await trainer.enqueue(halves[1]!.images, halves[1]!.masks);
    const { firstMoment, step, updates } = await trainer.state();
    assert.deepEqual([step, updates], [2, 1]);
    // The first moment is a tenth of the gradient after one update.
    const largest = mean.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assertClose(flatBlock(firstMoment, unet), mean.map((value) => value / 10), {
      absolute: 1e-7 * largest,
      relative: 1e-5,
      label: "first moment",
    });
    // The last batch of an epoch.
    await trainer.enqueue(halves[0]!.images, halves[0]!.masks);
    await trainer.flush();
    await trainer.flush();
    const rest = await trainer.state();
    assert.deepEqual([rest.step, rest.updates], [3, 2]);
    assert.notDeepEqual(rest.weights, start.weights);
  });
});

/** The values of a flat block without its padding, in the order of the names. */
function flatBlock(block: Float32Array, { parameters }: UNet): Float64Array {
  return Float64Array.from(
    parameters.list.flatMap(({ offset, size }) => [...block.subarray(offset, offset + size)]),
  );
}

for (const clipNorm of [0, 1e-3]) {
  const limit = clipNorm > 0 ? ", clipped" : "";
  Deno.test(`Trainer.flush: the last batches of an epoch, fewer than are averaged, count as their mean${limit}`, async () => {
    const batches = [cut(BATCH, 0, 2), cut(BATCH, 2, 4)];
    const momentAfter = (accumulate: number) =>
      withTrainer({ dropout: 0, options: { accumulate, clipNorm } }, async (trainer) => {
        for (const { images, masks } of batches) await trainer.enqueue(images, masks);
        await trainer.flush();
        return (await trainer.state()).firstMoment;
      });
    const mean = await momentAfter(2);
    const largest = mean.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const accumulate of [3, 7]) {
      assertClose(await momentAfter(accumulate), mean, {
        absolute: 1e-6 * largest,
        relative: 1e-6,
        label: `${accumulate}`,
      });
    }
  });
}

Deno.test("Trainer: clips a gradient longer than the limit and leaves a shorter one unchanged", async () => {
  const { images, masks } = BATCH;
  const momentOf = (clipNorm: number) =>
    withTrainer({ dropout: 0, options: { clipNorm } }, async (trainer) => {
      await trainer.step(images, masks);
      return (await trainer.state()).firstMoment;
    });
  const free = await momentOf(0);
  const length = norm(free);
  const clipped = await momentOf(length);
  assertClose([norm(clipped)], [length / 10], { relative: 1e-5, label: "norm" });
  assertClose(clipped, free.map((value) => value / 10), { relative: 1e-5, label: "direction" });
  assert.deepEqual(await momentOf(1e6), free);
});

Deno.test("Trainer: the EMA follows the weights and can replace them for a while", () =>
  withTrainer({ options: { averageDecay: 0.3, learningRate: 1e-2 } }, async (trainer, unet) => {
    const { images, masks } = BATCH;
    let average = flat(await unet.stateDict());
    assert.deepEqual(flat(await trainer.averagedState()), average);
    // The decay of 0.3 is reached at the third update.
    for (const keep of [2 / 11, 3 / 12, 0.3, 0.3]) {
      await trainer.step(images, masks);
      const weights = flat(await unet.stateDict());
      average = average.map((value, index) => keep * value + (1 - keep) * weights[index]!);
    }
    const trained = await unet.stateDict();
    const averaged = await trainer.averagedState();
    assertClose(flat(averaged), average, { absolute: 1e-7, label: "average" });
    assert.deepEqual(await trainer.withAverage(() => unet.stateDict()), averaged);
    assert.deepEqual(await unet.stateDict(), trained);
    await assert.rejects(trainer.withAverage(() => Promise.reject(new Error("mine"))), /mine/);
    assert.deepEqual(await unet.stateDict(), trained);
  }));

Deno.test("Trainer: without an EMA, the averaged state is the weights", () =>
  withTrainer({}, async (trainer, unet) => {
    assert.deepEqual(await trainer.averagedState(), await unet.stateDict());
    assert.equal(await trainer.withAverage(() => Promise.resolve(7)), 7);
  }));

Deno.test("Trainer.learningRate: applies from the next step on", async () => {
  const { images, masks } = BATCH;
  const moved = (learningRate: number) =>
    withTrainer({ dropout: 0 }, async (trainer, unet) => {
      const before = flat(await unet.stateDict());
      trainer.learningRate = learningRate;
      await trainer.step(images, masks);
      return flat(await unet.stateDict()).map((value, index) => value - before[index]!);
    });
  assert.ok((await moved(0)).every((value) => value === 0));
  // Adam's first step is one learning rate wherever the gradient is not tiny.
  const longest = (await moved(1e-3)).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assertClose([longest], [1e-3], { relative: 1e-3, label: "step" });
});
