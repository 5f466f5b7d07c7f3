/** Micro-batches: the loss is one of the whole batch, and neither it nor a gradient depends on how the batch is cut. */
import assert from "node:assert/strict";
import { type BatchMetrics, type Gpu, openGpu, Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import type { TrainerState } from "../../src/training/trainer_state.ts";
import { EVERY_CHANGE } from "../support/augmentation.ts";
import { assertClose } from "../support/compare.ts";
import { cut, discs } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** Images of a batch; micro-batches of 3 have 2, 2 and 3 of them. */
const COUNT = 7;
const BATCH = discs(3, COUNT, 64);

/** A batch whose largest tensor takes more than all weights. */
const LARGE = discs(4, COUNT, 96);

/** Bytes of a buffer that hold the metrics' history, and the largest tensors of at most five large images. */
const LITTLE = 600 * 1024;

interface Setting {
  filters?: number;
  norm?: "none" | "instance";
  options?: TrainerOptions;
  device?: Gpu;
}

async function withTrainer<T>(
  { filters = 2, norm = "none", options = {}, device = gpu }: Setting,
  work: (trainer: Trainer, unet: UNet) => Promise<T>,
): Promise<T> {
  const unet = await UNet.create(device, { filters, norm }, { seed: 5 });
  // PyTorch's default weights fade with every level: 2.4 times as large they keep the deepest levels in play.
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
  }
}

interface Outcome {
  gradients: Map<string, Float32Array>;
  metrics: number[];
  moment: Float32Array;
}

/** What a trainer computes of full batches, and of the short one at the end. */
async function train(trainer: Trainer): Promise<Outcome> {
  const { images, masks } = BATCH;
  const short = cut(BATCH, 0, COUNT - 3);
  const gradients = await trainer.gradients(images, masks);
  await trainer.enqueueEvaluation(images, masks);
  await trainer.enqueueEvaluation(short.images, short.masks);
  await trainer.enqueue(images, masks);
  const { firstMoment } = await trainer.state();
  const metrics = (await trainer.readMetrics()).flatMap((metrics) => Object.values(metrics));
  // Adam's first step is one learning rate wherever a gradient is not 0, however small: no digit of what follows is
  // comparable.
  await trainer.enqueue(short.images, short.masks);
  const [{ loss }] = await trainer.readMetrics() as [BatchMetrics];
  assert.ok(Number.isFinite(loss));
  return {
    gradients: new Map([...gradients].map(([name, { data }]) => [name, data])),
    metrics,
    moment: firstMoment,
  };
}

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function assertSame(actual: Outcome, expected: Outcome, norm: "none" | "instance" = "none"): void {
  for (const [name, values] of expected.gradients) {
    // Sums over images add the same terms in another order: float32's last digits. The gradient of a bias before a
    // normalization is only rounding.
    const noise = norm === "instance" && /conv\d\.bias/.test(name) ? 1e-6 : 0;
    assertClose(actual.gradients.get(name)!, values, {
      absolute: 1e-5 * largest(values) + noise,
      label: name,
    });
  }
  // The sums behind the loss are cut at image boundaries, however the batch is: every bit is the same.
  assert.deepEqual(actual.metrics, expected.metrics);
  assertClose(actual.moment, expected.moment, { absolute: 1e-5 * largest(expected.moment), label: "moment" });
}

for (const [kernels, norm] of [["fast", "instance"], ["strict", "none"]] as const) {
  Deno.test(`BatchRunner: micro-batches train as the whole batch does, ${kernels}, norm ${norm}`, async () => {
    const device = kernels === "fast" ? gpu : await openGpu({ kernels });
    const options = { augmentation: EVERY_CHANGE };
    const expected = await withTrainer({ norm, device, options }, train);
    const setting: Setting = { norm, device, options: { ...options, microBatch: 3 } };
    const once = await withTrainer(setting, train);
    assertSame(once, expected, norm);
    if (device === gpu) {
      assert.deepEqual(await withTrainer(setting, train), once, "other bits the second time");
    } else device.close();
  });
}

Deno.test("BatchRunner: micro-batches of one image, clipped, accumulated and averaged, train as whole batches do", async () => {
  const options = { clipNorm: 0.1, accumulate: 2, averageDecay: 0.9, loss: "focal" } as const;
  const run = (microBatch: number | undefined) =>
    withTrainer({ options: { ...options, microBatch } }, async (trainer) => {
      for (const [first, end] of [[0, 3], [3, 5], [5, 7]] as const) {
        const { images, masks } = cut(BATCH, first, end);
        await trainer.enqueue(images, masks);
      }
      await trainer.flush();
      return await trainer.state();
    });
  const [whole, cutUp] = [await run(undefined), await run(1)] as [TrainerState, TrainerState];
  assert.deepEqual([cutUp.step, cutUp.updates], [whole.step, whole.updates]);
  assert.deepEqual(cutUp.microBatch, { train: 1, evaluate: 1 });
  for (const name of ["firstMoment", "secondMoment"] as const) {
    assertClose(cutUp[name], whole[name], { absolute: 2e-5 * largest(whole[name]), label: name });
  }
  assert.notDeepEqual(cutUp.weights, cutUp.average);
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

Deno.test("BatchRunner: a batch that runs out of memory is halved until it fits, with one note and the same result", async () => {
  const options = { augmentation: EVERY_CHANGE };
  const measure = (microBatch: number) =>
    withTrainer({ options: { ...options, microBatch } }, async (trainer) => {
      const result = await train(trainer);
      return { result, bytes: trainer.byteLength };
    });
  const [whole, halves] = [await measure(COUNT), await measure(Math.ceil(COUNT / 2))];
  const budget = (whole.bytes + halves.bytes) / 2;
  const device = await openGpu();
  const memory = limitMemory(device, budget);
  const notes: string[] = [];
  const setting = { device, options: { ...options, onNote: (note: string) => notes.push(note) } };
  const { state, result } = await withTrainer(setting, async (trainer) => {
    const result = await train(trainer);
    assert.ok(memory.used <= budget);
    return { state: await trainer.state(), result };
  });
  assert.equal(memory.used, 0, "something was not freed");
  assertSame(result, whole.result);
  assert.equal(notes.length, 1, notes.join("\n"));
  assert.match(
    notes[0]!,
    /^a batch of 7 does not fit this device \(Cannot allocate \d+ bytes for ".*": the device is out of memory\): computing it in 2 micro-batches of 3 or 4, with the same result$/,
  );
  assert.deepEqual(state.microBatch, { train: 4, evaluate: null });
  device.close();
});

/** A device that allows only small buffers. */
async function withSmallDevice(work: (device: Gpu) => Promise<void>): Promise<void> {
  const device = await openGpu({ maxBufferSize: LITTLE });
  try {
    await work(device);
  } finally {
    device.close();
  }
}

Deno.test("BatchRunner: a limited device cuts batches, a resumed trainer as before, and not one image too large", () =>
  withSmallDevice(async (device) => {
    const notes: string[] = [];
    const setting = { filters: 1, device, options: { onNote: (note: string) => notes.push(note) } };
    const { images, masks } = LARGE;
    const { middle, end } = await withTrainer(setting, async (trainer) => {
      await trainer.step(images, masks);
      const middle = await trainer.state();
      await trainer.step(images, masks);
      return { middle, end: await trainer.state() };
    });
    const { train, evaluate } = middle.microBatch!;
    assert.ok(train! < COUNT && evaluate === null);
    assert.match(
      notes[0]!,
      /^a batch of 7 does not fit this device \(.* this device allows 614400 in one buffer\): /,
    );
    // Also on a device that would hold the whole batch.
    for (const other of [device, gpu]) {
      const resumed = await withTrainer({ ...setting, device: other }, async (trainer) => {
        trainer.load(middle);
        await trainer.step(images, masks);
        return await trainer.state();
      });
      assert.deepEqual(resumed, end);
    }
    assert.equal(notes.length, 1);
    await assert.rejects(
      withTrainer({ filters: 1, device }, (trainer) => trainer.prepare(4, 256, 256)),
      /^RangeError: Cannot allocate \d+ bytes for ".*": this device allows 614400 in one buffer\nhint: /,
    );
  }));

Deno.test("BatchRunner: only evaluation is cut if only that does not fit, and so are images to predict", () =>
  withSmallDevice(async (device) => {
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
    const expected = await withTrainer({ filters: 1 }, evaluate);
    const { metrics, logits, microBatch } = await withTrainer({ filters: 1, device }, evaluate);
    assert.deepEqual(metrics, expected.metrics);
    assert.deepEqual(logits, expected.logits);
    assert.ok(microBatch!.evaluate! < COUNT && microBatch!.train === null);
    assert.equal(expected.microBatch, undefined);
  }));
