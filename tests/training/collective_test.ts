/** Data-parallel training: several ranks, here in one process, train as one rank does with the whole batch. */
import assert from "node:assert/strict";
import { Trainer, type TrainerOptions, UNet } from "../../mod.ts";
import { placeInBatch, SINGLE_RANK } from "../../src/training/collective.ts";
import { EVERY_CHANGE } from "../support/augmentation.ts";
import { assertClose } from "../support/compare.ts";
import { memoryCollectives } from "../support/memory_collective.ts";
import { cut, discs } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();
const BATCH = discs(3, 5, 64);
const SHARES = [cut(BATCH, 0, 2), cut(BATCH, 2, 5)];

/** A trainer of a network whose deepest levels matter: PyTorch's default weights fade with every level. */
async function makeTrainer(options: TrainerOptions): Promise<Trainer> {
  const unet = await UNet.create(gpu, { filters: 2 }, { seed: 5 });
  const weights = await unet.stateDict();
  for (const [name, { data }] of weights) {
    if (/(conv\d|up)\.weight/.test(name)) data.forEach((w, i) => data[i] = 2.4 * w);
  }
  unet.loadStateDict(weights);
  return await Trainer.create(unet, { seed: 9, augmentation: EVERY_CHANGE, ...options });
}

/** What one rank computes of its share of the batch. */
async function train(trainer: Trainer, { images, masks }: typeof BATCH) {
  const gradients = await trainer.gradients(images, masks);
  await trainer.enqueueEvaluation(images, masks);
  await trainer.enqueue(images, masks);
  const metrics = await trainer.readMetrics();
  const { firstMoment, weights } = await trainer.state();
  trainer.close();
  trainer.unet.close();
  return { gradients, metrics, firstMoment, weights };
}

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

for (const loss of ["combined", "focal"] as const) {
  Deno.test(`Collective: two ranks with parts of a batch train as one does with all of it, ${loss}`, async () => {
    const whole = await train(await makeTrainer({ loss }), BATCH);
    const collectives = memoryCollectives(2);
    const options = [{ microBatch: 1 }, {}];
    const trainers = await Promise.all(
      collectives.map((collective, rank) => makeTrainer({ loss, collective, ...options[rank] })),
    );
    const ranks = await Promise.all(trainers.map((trainer, rank) => train(trainer, SHARES[rank]!)));
    for (const { gradients, metrics, firstMoment, weights } of ranks) {
      // The partial sums of the ranks are those of one rank: loss and metrics have the same bits.
      assert.deepEqual(metrics, whole.metrics);
      for (const [name, { data }] of whole.gradients) {
        assertClose(gradients.get(name)!.data, data, { absolute: 1e-6 * largest(data), label: name });
      }
      // With augmentation and dropout, whose draws are keyed by the image's place in the whole batch.
      const absolute = 1e-6 * largest(whole.firstMoment);
      assertClose(firstMoment, whole.firstMoment, { absolute, label: "first moment" });
      assert.deepEqual(weights, ranks[0]!.weights, "ranks have different weights");
    }
    // Per batch: the images of each rank, the loss's partial sums, and the gradients of a training batch.
    const { blockSize } = trainers[0]!.unet.parameters;
    const sums = collectives[0]!.calls[1]!;
    assert.deepEqual(collectives[0]!.calls, [2, sums, blockSize, 2, sums, 2, sums, blockSize]);
    assert.deepEqual(collectives[1]!.calls, collectives[0]!.calls);
  });
}

Deno.test("Collective: a rank without images of a batch takes the same step", async () => {
  const [one, two] = [cut(BATCH, 0, 2), cut(BATCH, 2, 3)];
  const empty = cut(BATCH, 0, 0);
  const run = async (shares: readonly (typeof BATCH)[]) => {
    const collectives = memoryCollectives(shares.length);
    const trainers = await Promise.all(collectives.map((collective) => makeTrainer({ collective })));
    return await Promise.all(trainers.map((trainer, rank) => train(trainer, shares[rank]!)));
  };
  const [expected] = await run([one, two]);
  for (const outcome of await run([one, two, empty])) {
    assert.deepEqual(outcome.metrics, expected!.metrics);
    assert.deepEqual(outcome.weights, expected!.weights);
  }
});

Deno.test("Collective: images that are not finite are refused on the rank that has them", async () => {
  const [bad, good] = [cut(BATCH, 0, 2), cut(BATCH, 2, 3)];
  bad.images.data[0] = NaN;
  const trainers = await Promise.all(memoryCollectives(2).map((collective) => makeTrainer({ collective })));
  const steps = [bad, good].map((share, rank) => trainers[rank]!.enqueue(share.images, share.masks));
  await assert.rejects(steps[0]!, /this rank's images are not finite/);
  // The other one waits, as long as the task lets it.
  assert.equal(await Promise.race([steps[1]!.then(() => "ended"), Promise.resolve("waits")]), "waits");
  for (const trainer of trainers) trainer.close();
});

Deno.test("placeInBatch: counts the images of the ranks before, and of all", async () => {
  const counts = [3, 1, 4];
  const places = await Promise.all(
    memoryCollectives(3).map((collective, rank) => placeInBatch(collective, counts[rank]!)),
  );
  assert.deepEqual(places, [
    { firstImage: 0, batch: 8 },
    { firstImage: 3, batch: 8 },
    { firstImage: 4, batch: 8 },
  ]);
  assert.deepEqual(await placeInBatch(SINGLE_RANK, 2), { firstImage: 0, batch: 2 });
});
