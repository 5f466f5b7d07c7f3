/** Runs on patches: whole images in the cache, validation by windows, exact resume, and what the model says of itself. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { findSplits, readSplit } from "../../mod.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { LIGHT } from "../../src/training/augmentation.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY, tinyData } from "../support/tiny_data.ts";
import { assertSameOutcome, metricsOf, withRuns } from "../support/tiny_run.ts";

// Patches of 32 of images of 64 pixels.
const { size: _, ...rest } = TINY;
const CONFIG = {
  ...rest,
  recipe: "strong",
  patch: 32,
  scale: 2,
  depth: 4,
  augment: { ...LIGHT, elastic: 0.05 },
  average: 0.9,
  epochs: 2,
};

Deno.test("trainRun: on patches a resumed run equals one that never stopped, and evaluate gives its validation", async () => {
  await withRuns(async (run) => {
    const whole = run("whole", { config: CONFIG });
    await trainRun(whole);
    const stop = new AbortController();
    const cut = run("cut", { config: CONFIG, readEverySeconds: 0 });
    let reads = 0;
    await trainRun({ ...cut, signal: stop.signal }, {
      onProgress: () => {
        if (++reads === 4) stop.abort();
      },
    });
    assert.ok((await metricsOf(cut.folder)).length < 2, "stopped within an epoch");
    await trainRun({ ...cut, config: {}, resume: true });
    await assertSameOutcome(whole.folder, cut.folder);

    const model = await readModel(await Deno.readFile(join(whole.folder, "best.safetensors")));
    const { size, patch, scale } = model.description;
    assert.deepEqual([size, patch, scale], [32, 32, 2]);
    assert.equal(model.description.network.norm, "none");
    // Drawn within sqrt(6 / 72), which few small steps do not change much; PyTorch's are within sqrt(1 / 72).
    const largest = Math.max(...model.state.get("bottleneck.conv1.weight")!.data.map(Math.abs));
    assert.ok(largest > 0.24 && largest < 0.35, `${largest}`);
    const gpu = await openTestGpu();
    const predictor = await Predictor.create(gpu, model);
    const { dataFolder, cacheFolder } = await tinyData();
    const valid = (await findSplits(dataFolder)).find(({ role }) => role === "valid")!;
    const { samples } = await readSplit(valid);
    const notes: string[] = [];
    await using prepared = await prepareSplit(samples, {
      size: 32,
      patch: 32,
      scale: 2,
      normalize: "picture",
      cacheFolder,
      onNote: (note) => notes.push(note),
    });
    assert.deepEqual([prepared.store.status, notes], ["kept", []]);
    assert.deepEqual(prepared.image(0).shape, [3, 64, 64]);
    const { loss, scores } = await evaluateSplit(predictor, prepared);
    assert.deepEqual([scores[0]!.width, scores[0]!.height], [32, 32]);
    // Batches of 4 there, of 32 here: what does not depend on them.
    const best = model.description.metrics!;
    assert.ok(Math.abs(best["valid/bce"]! - loss.weighted.bce) < 1e-6);
    assert.ok(Math.abs(best["valid/accuracy"]! - loss.weighted.accuracy) < 1e-9);
    predictor.close();
  });
});
