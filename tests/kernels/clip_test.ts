import assert from "node:assert/strict";
import { CLIP_BAND, clipScale, gradientSquares } from "../../kernels/clip/clip.ts";
import { assertClose, sumTolerance } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

async function scaleOf(gradient: Float32Array, limit: number): Promise<number> {
  const bands = Math.ceil(gradient.length / CLIP_BAND);
  const { partial } = await runKernel(gpu, gradientSquares(gradient.length, 0), { gradient, partial: bands });
  const { gradient_scale } = await runKernel(gpu, clipScale(bands, limit), { partial, gradient_scale: 1 });
  return gradient_scale[0]!;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

for (const count of [4, CLIP_BAND, CLIP_BAND + 4, 70 * CLIP_BAND - 8]) {
  Deno.test(`clipScale: limits the norm of ${count} gradients`, async () => {
    const gradient = new Random(count).floats(count);
    const length = norm(gradient);
    const scale = await scaleOf(gradient, length / 3);
    assertClose([scale], [length / 3 / (length + 1e-6)], { relative: 1e-5, label: "scale" });
  });
}

Deno.test("clipScale: is 1 for a norm below the limit, and for zeros", async () => {
  const gradient = new Random(1).floats(100);
  assert.equal(await scaleOf(gradient, norm(gradient) * 1.01), 1);
  assert.equal(await scaleOf(new Float32Array(8), 1), 1);
});

Deno.test("gradientSquares: a range of a block writes only its own bands", async () => {
  const gradient = new Random(2).floats(2 * CLIP_BAND);
  const second = gradient.slice(CLIP_BAND);
  const { partial } = await runKernel(gpu, gradientSquares(CLIP_BAND, 1), {
    gradient: second,
    partial: new Float32Array([7, 7, 7]),
  });
  const expected = norm(second) ** 2;
  assertClose(partial, [7, expected, 7], { absolute: sumTolerance(CLIP_BAND, expected), label: "bands" });
});
