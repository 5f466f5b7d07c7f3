import assert from "node:assert/strict";
import { planRun } from "../../src/training/plan_run.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { networkConfig, trainerOptions } from "../../src/training/train_config.ts";
import { loadData } from "../../src/training/train_data.ts";
import { planTraining } from "../../src/training/train_plan.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { UNet } from "../../src/unet/unet.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY, tinyData } from "../support/tiny_data.ts";

const gpu = await openTestGpu();

/** Cases, with the batches of the splits, and whether low memory cuts batches. */
const CASES = [
  { settings: { recipe: "strong", accumulate: 2 }, batches: [3, 3], cuts: false },
  { settings: { size: 128, batchSize: 10, memory: "low" }, batches: [1, 1], cuts: true },
] as const;

for (const { settings, batches, cuts } of CASES) {
  Deno.test(`planRun: plans the memory that the trainer then allocates, ${Object.keys(settings).join(", ")}`, async () => {
    const { dataFolder, cacheFolder } = await tinyData();
    const config = completeTrainConfig({ ...TINY, ...settings });
    const { secondsPerEpoch, resumes, ...plan } = await planRun({ dataFolder, cacheFolder, config });
    assert.ok(secondsPerEpoch! > 0);
    assert.equal(resumes, null);
    const { data: { train, valid }, memory } = plan;
    assert.deepEqual([train.samples, valid.samples, train.batches, valid.batches], [10, 9, ...batches]);
    assert.ok(valid.background > 0.8 && valid.background < 1);
    assert.equal(plan.memoryBytes, memory[config.memory].bytes);
    assert.equal(memory.normal.microBatches, 1);
    assert.deepEqual(
      [memory.low.microBatches > 1, memory.low.bytes < 0.7 * memory.normal.bytes],
      [cuts, cuts],
    );
    const { data } = await loadData(dataFolder, config, { cacheFolder });
    const unet = await UNet.create(gpu, networkConfig(config));
    const { microBatch } = memory[config.memory];
    const trainer = await Trainer.create(unet, { ...trainerOptions(config), microBatch });
    try {
      assert.deepEqual(planTraining(config, data, gpu), plan);
      for await (const { images, masks } of data.train.read(1, 0)) await trainer.enqueue(images, masks);
      for await (const { images, masks } of data.valid.read(null, 0)) {
        await trainer.enqueueEvaluation(images, masks);
      }
      // Buffers are rounded up to 256 bytes, and the trainer does not count those of augmentation.
      const share = plan.memoryBytes / trainer.byteLength;
      assert.ok(share > 0.95 && share < 1.1, `planned ${plan.memoryBytes}, allocated ${trainer.byteLength}`);
    } finally {
      trainer.close();
      unet.close();
      await data.train.close();
      await data.valid.close();
    }
  });
}
