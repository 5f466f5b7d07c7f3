import { maxPoolBackward, maxPoolForward } from "../../kernels/max_pool2d/max_pool2d.ts";
import { reluForward } from "../reference/activation.ts";
import { maxPool2dBackward, maxPool2dForward } from "../reference/max_pool2d.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { affineOf, normalized } from "../support/normalized.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** Planes, height and width of the pooled maps; the last ones in runs of several values per invocation. */
const SHAPES = [[1, 1, 1], [6, 3, 5], [5, 8, 8], [2, 5, 13], [7, 53, 67], [900, 3, 5], [60, 30, 33]] as const;

for (const [planes, height, width] of SHAPES) {
  for (const isNormalized of [false, true]) {
    const title = `${planes} planes of ${height} x ${width}${isNormalized ? ", normalized" : ""}`;
    Deno.test(`maxPoolForward, maxPoolBackward: ${title}`, async () => {
      const random = new Random(planes + height);
      const count = planes * height * width;
      // Few distinct values, so that most windows have ties, and some are all zeros.
      const x = random.floats(4 * count, -2, 2).map((value) => Math.round(value));
      const affine = affineOf(random, planes);
      const values = isNormalized ? normalized(x, affine) : Float32Array.from(reluForward(x));
      const input = isNormalized ? x : values;
      const pooled = { height, width, count: planes };
      const { y } = await runKernel(gpu, maxPoolForward(pooled, isNormalized), {
        x: input,
        affine,
        y: count,
      });
      // The reference rounds; the kernel may use a fused multiply-add.
      const absolute = isNormalized ? 2 ** -21 : 0;
      assertClose(y, maxPool2dForward(values, planes, 2 * height, 2 * width), { absolute, label: "forward" });

      const gradient = random.floats(count);
      const skip = random.floats(4 * count);
      const { grad_input } = await runKernel(gpu, maxPoolBackward(pooled, isNormalized), {
        x: input,
        affine,
        gradient,
        grad_input: skip,
      });
      // Zeros of a ReLU pass no gradient.
      const expected = maxPool2dBackward(values, gradient, 2 * width).map((value, index) =>
        skip[index]! + (values[index]! > 0 ? value : 0)
      );
      assertClose(grad_input, expected, { absolute: 2 ** -23, label: "backward" });
    });
  }
}

Deno.test("maxPoolForward, maxPoolBackward: the first planes of a tensor leave the others untouched", async () => {
  const x = new Random(1).floats(4 * 16, 0.1, 1);
  const planes = { height: 2, width: 2, count: 2 };
  const affine = new Float32Array(2);
  const { y } = await runKernel(gpu, maxPoolForward(planes, false), { x, affine, y: new Float32Array(16) });
  const expected = maxPool2dForward(x, 4, 4, 4).map((value, index) => index < 8 ? value : 0);
  assertClose(y, expected, { label: "forward" });
  const gradient = new Random(2).floats(16);
  const grad_input = new Float32Array(64);
  const result = await runKernel(gpu, maxPoolBackward(planes, false), { x, affine, gradient, grad_input });
  const within = gradient.map((value, index) => index < 8 ? value : 0);
  assertClose(result.grad_input, maxPool2dBackward(x, within, 4), { label: "backward" });
});
