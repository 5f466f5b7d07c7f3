import assert from "node:assert/strict";
import { packStep } from "../../kernels/adam/adam.ts";
import { dropoutForward } from "../../kernels/dropout/dropout.ts";
import { draw } from "../../src/random.ts";
import { ADAM_DEFAULTS } from "../reference/adam.ts";
import { assertClose } from "../support/compare.ts";
import { affineOf, normalized } from "../support/normalized.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const stepOf = (seed: number, step: number, firstImage = 0) =>
  packStep(seed, step, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }, firstImage);
const NOTHING = new Float32Array(2);

/** Elements per image. */
const IMAGE = 1024;

async function dropOnes(
  count: number,
  seed: number,
  step: number,
  probability = 0.4,
  firstElement = 0,
  firstImage = 0,
): Promise<Float32Array> {
  const x = new Float32Array(count).fill(1);
  const planes = { pixels: count, count: 1, firstElement, imageElements: IMAGE };
  const operands = { x, affine: NOTHING, y: count, step: stepOf(seed, step, firstImage) };
  return (await runKernel(gpu, dropoutForward(planes, probability, false), operands)).y;
}

for (const probability of [0.1, 0.4, 0.9]) {
  Deno.test(`dropoutForward: drops a share of ${probability} and scales the rest to keep the mean`, async () => {
    const count = 100_000;
    const y = await dropOnes(count, 1, 1, probability);
    const kept = y.filter((value) => value !== 0);
    assertClose(kept, new Float32Array(kept.length).fill(1 / (1 - probability)), { label: "kept" });
    // Five standard deviations of a binomial draw.
    const limit = 5 * Math.sqrt(probability * (1 - probability) / count);
    assertClose([1 - kept.length / count], [probability], { absolute: limit, label: "share" });
    // Neighbors along a row, and along a column of 100, are independent.
    for (const distance of [1, 100]) {
      const both = y.filter((value, index) => value === 0 && y[(index + distance) % count] === 0).length;
      assertClose([both / count], [probability ** 2], { absolute: 2 * limit, label: "neighbors" });
    }
  });
}

Deno.test("dropoutForward: draws equal those of the generator for element, step and seed", async () => {
  const y = await dropOnes(300, 0xdeadbeef, 7, 0.4, 1000);
  const threshold = Math.floor(0.4 * 2 ** 32);
  const expected = y.map((_, i) => draw(1000 + i, 7, 0xdeadbeef, 0x64726f70) >= threshold ? 1 / 0.6 : 0);
  assertClose(y, expected, { relative: 2 ** -23, label: "y" });
});

Deno.test("dropoutForward: draws depend on seed and step only", async () => {
  const first = await dropOnes(5000, 3, 9);
  assert.deepEqual(await dropOnes(5000, 3, 9), first);
  for (const other of [await dropOnes(5000, 4, 9), await dropOnes(5000, 3, 10)]) {
    const same = other.filter((value, index) => value === first[index]).length / 5000;
    assertClose([same], [0.4 ** 2 + 0.6 ** 2], { absolute: 0.05, label: "agreement" });
  }
});

Deno.test("dropoutForward: separate bindings repeat the draws of the whole batch", async () => {
  const whole = await dropOnes(4096, 5, 2);
  const parts = [await dropOnes(1024, 5, 2, 0.4, 0), await dropOnes(3072, 5, 2, 0.4, 1024)];
  assert.deepEqual([...parts[0]!, ...parts[1]!], [...whole]);
});

Deno.test("dropoutForward: micro-batches repeat the draws of the whole batch, with separate bindings, too", async () => {
  const whole = await dropOnes(4 * IMAGE, 5, 2);
  assert.deepEqual(await dropOnes(2 * IMAGE, 5, 2, 0.4, 0, 2), whole.slice(2 * IMAGE));
  assert.deepEqual(await dropOnes(IMAGE, 5, 2, 0.4, IMAGE, 2), whole.slice(3 * IMAGE));
});

Deno.test("dropoutForward: the first planes, read through a normalization, leave the others untouched", async () => {
  const random = new Random(6);
  const [planes, pixels] = [5, 7];
  const x = random.floats(planes * pixels);
  const affine = affineOf(random, planes);
  const dispatch = dropoutForward(
    { pixels, count: 2, firstElement: 0, imageElements: 35 },
    0.4,
    true,
  );
  const { y } = await runKernel(gpu, dispatch, { x, affine, y: new Float32Array(35), step: stepOf(1, 1) });
  const ones = await dropOnes(35, 1, 1);
  const expected = normalized(x, affine).map((value, index) => index < 2 * pixels ? value * ones[index]! : 0);
  assertClose(y, expected, { absolute: 2 ** -20, label: "y" });
  assert.ok(expected.some((value) => value > 0));
});

Deno.test("dropoutForward: a probability of 0 keeps everything, and one outside [0, 1) is rejected", async () => {
  assert.deepEqual(await dropOnes(100, 1, 1, 0), new Float32Array(100).fill(1));
  for (const probability of [1, -0.1, NaN]) {
    assert.throws(
      () =>
        dropoutForward(
          { pixels: 1, count: 1, firstElement: 0, imageElements: 1 },
          probability,
          false,
        ),
      {
        name: "RangeError",
        message: `Cannot drop out with probability ${probability}: expected a value in [0, 1)`,
      },
    );
  }
});
