/** Batches in parts: the loss is one of the whole batch, and neither it nor a gradient tells how the batch was cut. */
import assert from "node:assert/strict";
import { type BatchMetrics, type Gpu, openGpu, Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import type { TrainerState } from "../../src/training/trainer_state.ts";
import { EVERY_CHANGE } from "../support/augmentation.ts";
import { assertClose } from "../support/compare.ts";
import { cut, discs } from "../support/shapes_to_find.ts";

const BATCH = discs(3, 11, 64);

/** A batch whose largest tensor takes more than all weights. */
const LARGE = discs(4, 11, 160);

/** Holds the weights, transformed, too, and no more than six of the large images' largest tensors. */
const LITTLE = 2560 * 1024;

interface Setting {
  norm?: "none" | "instance";
  kernels?: "fast" | "strict";
  options?: TrainerOptions;
}

async function withTrainer<T>(
  { norm = "none", kernels = "fast", options = {} }: Setting,
  work: (trainer: Trainer, unet: UNet) => Promise<T>,
  gpu?: Gpu,
): Promise<T> {
  const own = gpu ?? await openGpu({ kernels });
  const unet = await UNet.create(own, { filters: 4, norm }, { seed: 5 });
  // Weights of PyTorch's size fade with every level: 2.4 times as large they keep the deepest levels in play.
  const weights = await unet.stateDict();
  for (const [name, { data }] of weights) {
    if (/(conv\d|up)\.weight/.test(name)) data.forEach((w, i) => data[i] = 2.4 * w);
  }
  unet.loadStateDict(weights);
  const trainer = await Trainer.create(unet, { seed: 9, learningRate: 1e-3, ...options });
  try {
    return await work(trainer, unet);
  } finally {
    trainer.close();
    unet.close();
    if (!gpu) own.close();
  }
}

interface Outcome {
  gradients: Map<string, Float32Array>;
  metrics: number[];
  moment: Float32Array;
}

/** What a trainer computes of batches of eleven images, and of the short one at the end. */
async function train(trainer: Trainer): Promise<Outcome> {
  const { images, masks } = BATCH;
  const short = cut(BATCH, 0, 5);
  const gradients = await trainer.gradients(images, masks);
  await trainer.enqueueEvaluation(images, masks);
  await trainer.enqueueEvaluation(short.images, short.masks);
  await trainer.enqueue(images, masks);
  const { firstMoment } = await trainer.state();
  const metrics = (await trainer.readMetrics()).flatMap((metrics) => Object.values(metrics));
  // Adam's first step is one learning rate wherever a gradient differs from 0, however little: no digit of what follows
  // is comparable.
  await trainer.enqueue(short.images, short.masks);
  const [{ loss }] = await trainer.readMetrics() as [BatchMetrics];
  assert.ok(Number.isFinite(loss));
  return {
    gradients: new Map([...gradients].map(([name, { data }]) => [name, data])),
    metrics,
    moment: firstMoment,
  };
}

function assertSame(actual: Outcome, expected: Outcome, norm: "none" | "instance"): void {
  const most = (values: ArrayLike<number>) =>
    Array.prototype.reduce.call(
      values,
      (most, value) => Math.max(most as number, Math.abs(value)),
      0,
    ) as number;
  for (const [name, values] of expected.gradients) {
    // Sums over images add the same terms in another order: float32's last digits. A bias before a normalisation
    // has no gradient but rounding.
    const noise = norm === "instance" && /conv\d\.bias/.test(name) ? 1e-6 : 0;
    assertClose(actual.gradients.get(name)!, values, {
      absolute: 1e-5 * most(values) + noise,
      label: name,
    });
  }
  // The sums behind the loss are cut by images, however the batch is: not one bit of it differs.
  assert.deepEqual(actual.metrics, expected.metrics);
  assertClose(actual.moment, expected.moment, { absolute: 1e-5 * most(expected.moment), label: "moment" });
}

for (const kernels of ["fast", "strict"] as const) {
  for (const norm of ["none", "instance"] as const) {
    Deno.test(`parts: eleven images, four at once, train as the whole batch does, ${kernels}, norm ${norm}`, async () => {
      const options = { augmentation: EVERY_CHANGE };
      const expected = await withTrainer({ norm, kernels, options }, train);
      const once = await withTrainer({ norm, kernels, options: { ...options, microBatch: 4 } }, train);
      assertSame(once, expected, norm);
      assert.deepEqual(
        await withTrainer({ norm, kernels, options: { ...options, microBatch: 4 } }, train),
        once,
      );
    });
  }
}

Deno.test("parts: one image at once, clipped, averaged over batches and over steps", async () => {
  const options = { clipNorm: 0.1, accumulate: 2, averageDecay: 0.9 };
  const states = [undefined, 1].map((microBatch) =>
    withTrainer({ options: { ...options, microBatch } }, async (trainer) => {
      for (const [first, end] of [[0, 4], [4, 8], [8, 11]] as const) {
        const { images, masks } = cut(BATCH, first, end);
        await trainer.enqueue(images, masks);
      }
      await trainer.flush();
      return await trainer.state();
    })
  );
  const [whole, parts] = await Promise.all(states) as [TrainerState, TrainerState];
  assert.deepEqual([parts.step, parts.updates], [whole.step, whole.updates]);
  assert.deepEqual(parts.microBatch, { train: 1, evaluate: 1 });
  for (const name of ["firstMoment", "secondMoment"] as const) {
    const most = whole[name].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assertClose(parts[name], whole[name], { absolute: 2e-5 * most, label: name });
  }
  assert.notDeepEqual(parts.weights, parts.average);
});

/** Counts a device's bytes, and refuses what would exceed a budget, as one whose memory runs out does. */
function limitMemory(gpu: Gpu, budget: number): { readonly used: number } {
  const count = { used: 0 };
  const create = gpu.createBuffer.bind(gpu);
  gpu.createBuffer = async (label, byteLength, usage) => {
    if (count.used + byteLength > budget) {
      throw new CapacityError(
        `Cannot allocate ${byteLength} bytes for "${label}": the device is out of memory`,
      );
    }
    const buffer = await create(label, byteLength, usage);
    count.used += buffer.size;
    const destroy = buffer.destroy.bind(buffer);
    let alive = true;
    buffer.destroy = () => {
      if (alive) count.used -= buffer.size;
      alive = false;
      destroy();
    };
    return buffer;
  };
  return count;
}

Deno.test("parts: a batch that runs out of memory is halved until it fits, which is said once, with the same result", async () => {
  const options = { augmentation: EVERY_CHANGE };
  const expected = await withTrainer({ options }, train);
  const bytes = (microBatch: number) =>
    withTrainer({ options: { ...options, microBatch } }, async (trainer) => {
      await train(trainer);
      return trainer.byteLength;
    });
  const budget = (await bytes(11) + await bytes(6)) / 2;
  const gpu = await openGpu();
  const memory = limitMemory(gpu, budget);
  const notes: string[] = [];
  const setting = { options: { ...options, onNote: (note: string) => notes.push(note) } };
  const { state, result } = await withTrainer(setting, async (trainer) => {
    const result = await train(trainer);
    assert.ok(memory.used <= budget);
    return { state: await trainer.state(), result };
  }, gpu);
  assert.equal(memory.used, 0, "something was not freed");
  assertSame(result, expected, "none");
  assert.equal(notes.length, 1, notes.join("\n"));
  assert.match(
    notes[0]!,
    /^a batch of 11 does not fit this device \(Cannot allocate \d+ bytes for ".*": the device is out of memory\): computing it in 2 micro-batches of 5 or 6, with the same result$/,
  );
  assert.deepEqual(state.microBatch, { train: 6, evaluate: null });
  gpu.close();
});

Deno.test("parts: a run that goes on cuts its batches as before, and comes to the same bits", async () => {
  const gpu = await openGpu({ maxBufferSize: LITTLE });
  const notes: string[] = [];
  const setting = { options: { onNote: (note: string) => notes.push(note) } };
  const { images, masks } = LARGE;
  const { middle, end } = await withTrainer(setting, async (trainer) => {
    await trainer.step(images, masks);
    const middle = await trainer.state();
    await trainer.step(images, masks);
    return { middle, end: await trainer.state() };
  }, gpu);
  const { train, evaluate } = middle.microBatch!;
  assert.ok(train! < 11 && evaluate === null);
  assert.match(
    notes[0]!,
    /^a batch of 11 does not fit this device \(.* this device allows 2621440 in one buffer\): /,
  );
  // Also on a device that would hold the whole batch.
  for (const device of [gpu, await openGpu()]) {
    const resumed = await withTrainer(setting, async (trainer) => {
      trainer.load(middle);
      await trainer.step(images, masks);
      return await trainer.state();
    }, device);
    assert.deepEqual(resumed, end);
    device.close();
  }
  assert.equal(notes.length, 1);
});

Deno.test("parts: evaluation alone is cut where it does not fit, and images to predict are cut, too", async () => {
  const { images, masks } = LARGE;
  const evaluate = async (trainer: Trainer, unet: UNet) => {
    await trainer.enqueueEvaluation(images, masks);
    const [metrics] = await trainer.readMetrics();
    return {
      metrics: Object.values(metrics!),
      logits: (await unet.logits(images)).data,
      microBatch: (await trainer.state()).microBatch,
    };
  };
  const expected = await withTrainer({}, evaluate);
  const gpu = await openGpu({ maxBufferSize: LITTLE });
  const { metrics, logits, microBatch } = await withTrainer({}, evaluate, gpu);
  gpu.close();
  assert.deepEqual(metrics, expected.metrics);
  assert.deepEqual(logits, expected.logits);
  assert.ok(microBatch!.evaluate! < 11 && microBatch!.train === null && expected.microBatch === undefined);
});

Deno.test("parts: where not even one image fits, the error is that one's", async () => {
  const gpu = await openGpu({ maxBufferSize: LITTLE });
  await assert.rejects(
    withTrainer({}, (trainer) => trainer.prepare(4, 512, 512), gpu),
    /^RangeError: Cannot allocate 4718592 bytes for "slot \d+": this device allows 2621440 in one buffer\nhint: /,
  );
  gpu.close();
});
