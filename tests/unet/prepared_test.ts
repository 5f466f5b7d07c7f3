/** What is computed of the weights is kept from one forward pass to the next, and never longer than they stay the same. */
import assert from "node:assert/strict";
import type { StateDict, Tensor } from "../../src/tensor.ts";
import { makeBatch } from "../../src/benchmark/network_bench.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { Executor } from "../../src/unet/executor.ts";
import { UNet } from "../../src/unet/unet.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();
const CONFIG = { filters: 4 };
const { images, masks } = makeBatch(completeConfig(CONFIG), { filters: 4, size: 64, batch: 3 });
const one: Tensor = { shape: [1, 3, 64, 64], data: images.data.slice(0, 3 * 64 * 64) };

async function withNetwork<T>(state: StateDict | undefined, work: (unet: UNet) => Promise<T>): Promise<T> {
  const unet = await UNet.create(gpu, CONFIG, { seed: 3, ...(state ? { state } : {}) });
  try {
    return await work(unet);
  } finally {
    unet.close();
  }
}

/** The probabilities of a network that has never seen other weights. */
const freshly = (state: StateDict, batch = images) => withNetwork(state, (unet) => unet.predict(batch));

Deno.test("UNet.predict: has the bits of the weights at its time, after steps, loads and other batch sizes", async () => {
  await withNetwork(undefined, async (unet) => {
    const initial = await unet.stateDict();
    const before = await unet.predict(images);
    for (let run = 0; run < 3; run++) assert.deepEqual(await unet.predict(images), before);
    const trainer = await Trainer.create(unet, { learningRate: 0.05, averageDecay: 0.5 });
    await trainer.step(images, masks);
    const trained = await unet.predict(images);
    assert.notDeepEqual(trained, before);
    assert.deepEqual(trained, await freshly(await unet.stateDict()));
    for (let run = 0; run < 4; run++) {
      assert.deepEqual(await unet.predict(one), await freshly(await unet.stateDict(), one));
    }
    assert.deepEqual(await unet.predict(images), trained);
    const averaged = await trainer.averagedState();
    await trainer.withAverage(async () =>
      assert.deepEqual(await unet.predict(images), await freshly(averaged))
    );
    assert.deepEqual(await unet.predict(images), trained);
    unet.loadStateDict(initial);
    assert.deepEqual(await unet.predict(images), before);
    trainer.close();
  });
});

Deno.test("Trainer: evaluations between steps have the losses of the weights at their time", async () => {
  await withNetwork(undefined, async (unet) => {
    const trainer = await Trainer.create(unet, { learningRate: 0.05, averageDecay: 0.5 });
    const evaluate = async (of: Trainer) => {
      await of.enqueueEvaluation(images, masks);
      await of.enqueueEvaluation(images, masks);
      const records = await of.readMetrics();
      assert.deepEqual(records[0], records[1]);
      return records[0];
    };
    for (let step = 0; step < 2; step++) {
      await trainer.step(images, masks);
      const expected = async (state: StateDict) =>
        await withNetwork(state, async (other) => {
          const fresh = await Trainer.create(other);
          const record = await evaluate(fresh);
          fresh.close();
          return record;
        });
      assert.deepEqual(await evaluate(trainer), await expected(await unet.stateDict()));
      const averaged = await expected(await trainer.averagedState());
      assert.deepEqual(await trainer.withAverage(() => evaluate(trainer)), averaged);
    }
    trainer.close();
  });
});

Deno.test("Executor: an evaluation keeps what fits training's memory, a prediction what its limit allows", async () => {
  await withNetwork(undefined, async (unet) => {
    const executor = new Executor(gpu, unet.config, { weights: unet.weights });
    const shape = { batch: 3, height: 64, width: 64 };
    try {
      const train = await executor.prepare({ kind: "train", ...shape });
      assert.equal(train.plan.preparation.length, 0, "weights change with every step");
      const { byteLength } = executor;
      const evaluate = await executor.prepare({ kind: "evaluate", ...shape });
      assert.ok(evaluate.plan.preparation.length > 0);
      assert.equal(executor.byteLength, byteLength);
      const predict = await executor.prepare({ kind: "predict", ...shape }, true);
      assert.ok(predict.plan.preparation.length >= evaluate.plan.preparation.length);
    } finally {
      executor.clear();
    }
  });
});

Deno.test("Executor: a prediction keeps nothing before its third run, whose memory takes longer than two", async () => {
  await withNetwork(undefined, async (unet) => {
    const executor = new Executor(gpu, unet.config, { weights: unet.weights });
    const spec = { kind: "predict", batch: 1, height: 64, width: 64 } as const;
    const plans = [];
    for (let run = 0; run < 4; run++) plans.push(await executor.prepare(spec));
    assert.deepEqual(plans.map(({ plan }) => plan.preparation.length > 0), [false, false, true, true]);
    assert.equal(plans[2], plans[3]);
    // Who holds an earlier one can still run it, with the same result.
    gpu.write(plans[0]!.images, 0, one.data);
    const results = [];
    for (const { program, logits } of [plans[2]!, plans[0]!, plans[2]!]) {
      gpu.run((pass) => program.encode(pass));
      results.push(await gpu.read(logits, 0, 4 * 64 * 64));
    }
    assert.deepEqual(results[0], results[1]);
    assert.deepEqual(results[0], results[2]);
    executor.clear();
  });
});

Deno.test("Executor: a prediction whose kept results do not fit computes them in every run", async () => {
  await withNetwork(undefined, async (unet) => {
    const { createBuffer } = gpu;
    const executor = new Executor(gpu, unet.config, { weights: unet.weights });
    const spec = { kind: "predict", batch: 1, height: 64, width: 64 } as const;
    const kept = await executor.prepare(spec, true);
    const { byteLength } = executor;
    executor.clear();
    let bytes = 0;
    try {
      // A device with less memory than that.
      gpu.createBuffer = async (label, size, usage) => {
        if (!label.startsWith("slot")) return await createBuffer.call(gpu, label, size, usage);
        const { CapacityError } = await import("../../src/gpu/capacity_error.ts");
        if (bytes + size > 0.9 * kept.plan.memory.byteLength) throw new CapacityError("no memory");
        bytes += size;
        return await createBuffer.call(gpu, label, size, usage);
      };
      const plain = await executor.prepare(spec, true);
      assert.ok(kept.plan.preparation.length > 0);
      assert.equal(plain.plan.preparation.length, 0);
      assert.ok(executor.byteLength < byteLength);
    } finally {
      gpu.createBuffer = createBuffer;
      executor.clear();
    }
  });
});
