/** The recipe `auto` on ranks that train together: the first one chooses, by the speed and the room of all. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describeGpu } from "../../../src/gpu/adapter.ts";
import { budgetTask, chooseRunBudget } from "../../../src/training/budget_run.ts";
import { largestOf, saidByFirst, SINGLE_RANK } from "../../../src/training/collective.ts";
import { measureSpeed } from "../../../src/training/measure_speed.ts";
import { completeTrainConfig } from "../../../src/training/recipe.ts";
import { networkConfig } from "../../../src/training/train_config.ts";
import { parameterTable } from "../../../src/unet/parameters.ts";
import { memoryCollectives } from "../../support/memory_collective.ts";
import { openTestGpu } from "../../support/test_gpu.ts";
import { tinyData } from "../../support/tiny_data.ts";

await openTestGpu();

/** Few filters at 64 px, so that measuring is quick. */
const GIVEN = { recipe: "auto", filters: 1, size: 64, depth: 4, epochs: 2 } as const;

/** Too little room for four images of 64 px, or for a trainer. */
const SMALL = { maxBufferSize: 100_000 };

Deno.test("chooseRunBudget: ranks have the choice of the first one, and the speed of all", async () => {
  const { dataFolder, cacheFolder } = await tinyData();
  const collectives = memoryCollectives(2);
  const all = await Promise.all(
    collectives.map((collective, rank) =>
      chooseRunBudget(completeTrainConfig({ ...GIVEN, budget: 600 }), {
        // What the first one looks at counts.
        dataFolder: rank === 0 ? dataFolder : join(dataFolder, "none"),
        gpu: {},
        cacheFolder,
        given: GIVEN,
        elapsed: () => rank,
        collective,
      })
    ),
  );
  const [first, second] = all as [typeof all[0], typeof all[0]];
  assert.deepEqual(second, first);
  assert.equal(first.auto!.fingerprint.images.train, 10);
  assert.deepEqual([first.config.filters, first.config.size, first.choice!.batchSize], [1, 64, 4]);
  // The gradients are exchanged as in training.
  const { count } = parameterTable(networkConfig(first.config));
  assert.ok(collectives[0]!.calls.some((values) => values >= count));
});

Deno.test("measureSpeed: a network for which one rank has too little room is left out by all", async () => {
  const [one, two] = memoryCollectives(2);
  const config = completeTrainConfig(GIVEN);
  const gpus = await Promise.all([openTestGpu(), openTestGpu(SMALL)]);
  const outcomes = await Promise.allSettled(
    [one!, two!].map((collective, rank) =>
      measureSpeed(gpus[rank]!, config, { filters: [config.filters], collective })
    ),
  );
  const reasons = outcomes.map((outcome) => outcome.status === "rejected" ? String(outcome.reason) : "");
  assert.match(reasons[0]!, /^RangeError: Cannot measure .* another rank has too little room/);
  assert.match(reasons[1]!, /^RangeError: Cannot allocate/);
});

Deno.test("budgetTask: a batch has to fit into all devices, and has an image for each of them", async () => {
  const [large, small] = [(await describeGpu())!, (await describeGpu(SMALL))!];
  const config = completeTrainConfig({ ...GIVEN, norm: "none" });
  const speed = { adapter: "a device", seconds: 1, points: [{ filters: 1, pixels: 4096, seconds: 0.01 }] };
  const task = (devices: typeof large[]) =>
    budgetTask(config, speed, {
      seconds: 60,
      images: { train: 64, valid: 8 },
      given: {},
      devices,
    });
  const step = { filters: 1, size: 64, batchSize: 8 };
  assert.deepEqual([[large], [large, large], [large, small]].map((devices) => task(devices).fits(step)), [
    true,
    true,
    false,
  ]);
  assert.equal(task([large, small]).fits({ ...step, batchSize: 4 }), true);
  const least = [1, 8, 12, 64].map((ranks) => task(Array(ranks).fill(large)).rules!.smallestBatch);
  assert.deepEqual(least, [8, 8, 12, 32]);
});

Deno.test("saidByFirst, largestOf: the same on every rank, and as they are on one", async () => {
  const collectives = memoryCollectives(3);
  const said = await Promise.all(
    collectives.map(async (collective) => [
      await largestOf(collective, 1.5 * collective.rank),
      await saidByFirst(collective, () => ({ rank: collective.rank, text: "å" })),
    ]),
  );
  assert.deepEqual(said, Array(3).fill([3, { rank: 0, text: "å" }]));
  const own = { value: 0.1 };
  assert.equal(await saidByFirst(SINGLE_RANK, () => own), own);
  assert.equal(await largestOf(SINGLE_RANK, 0.1), 0.1);
});
