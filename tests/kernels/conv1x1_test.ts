import { pixelBands } from "../../kernels/bands.ts";
import { conv1x1Dgrad, conv1x1Forward, conv1x1Wgrad } from "../../kernels/conv1x1/conv1x1.ts";
import { sumRows } from "../../kernels/reduce/reduce.ts";
import { conv2dDgrad, conv2dForward, conv2dWgrad } from "../reference/conv2d.ts";
import { absolutes, assertClose, sumTolerances } from "../support/compare.ts";
import { affineOf, normalized, scaled } from "../support/normalized.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const NOTHING = new Float32Array(2);

/** Batch, channels, outputs, height, width; height * width is a multiple of 4. */
const SHAPES = [[1, 1, 1, 2, 2], [2, 3, 1, 5, 8], [1, 64, 3, 4, 9], [2, 5, 2, 20, 13]] as const;

for (const [batch, channels, outputs, height, width] of SHAPES) {
  const pixels = height * width;
  const shape = { batch, channels, height, width };
  const reference = {
    batch,
    inChannels: channels,
    outChannels: outputs,
    height,
    width,
    kernel: 1,
    padding: 0,
  };
  const draw = () => {
    const random = new Random(channels + width);
    const x = random.floats(batch * channels * pixels);
    const affine = affineOf(random, batch * channels);
    const w = random.floats(outputs * channels);
    return { random, x, affine, w, gradient: random.floats(batch * outputs * pixels) };
  };

  for (const isNormalized of [false, true]) {
    const title = `${Object.values(shape).join(" x ")} to ${outputs}${isNormalized ? ", normalized" : ""}`;
    Deno.test(`conv1x1Forward: ${title}`, async () => {
      const { random, x, affine, w } = draw();
      const bias = random.floats(outputs);
      const { y } = await runKernel(gpu, conv1x1Forward(shape, outputs, isNormalized), {
        x,
        affine,
        w,
        bias,
        y: batch * outputs * pixels,
      });
      const values = isNormalized ? normalized(x, affine) : x;
      const sums = conv2dForward(absolutes(values), absolutes(w), absolutes(bias), reference);
      assertClose(y, conv2dForward(values, w, bias, reference), {
        absolute: sumTolerances(channels + 1, sums),
        label: "y",
      });
    });

    Deno.test(`conv1x1Wgrad: ${title}`, async () => {
      const { x, affine, gradient } = draw();
      const bands = pixelBands(shape, 16);
      // One dispatch per image, as if a binding held no more.
      let partial = new Float32Array(outputs * channels * bands.total);
      for (let image = 0; image < batch; image++) {
        const single = { ...shape, batch: 1 };
        const cut = (values: Float32Array, size: number) => values.slice(image * size, (image + 1) * size);
        ({ partial } = await runKernel(gpu, conv1x1Wgrad(single, outputs, bands, image, isNormalized), {
          x: cut(x, channels * pixels),
          affine: cut(affine, 2 * channels),
          gradient: cut(gradient, outputs * pixels),
          partial,
        }));
      }
      const rows = outputs * channels;
      const sums = { rows, length: bands.perImage * batch, rowStride: bands.total, itemStride: 1 };
      const { total } = await runKernel(gpu, sumRows(sums), { partial, total: rows });
      const values = isNormalized ? normalized(x, affine) : x;
      const limits = sumTolerances(
        batch * pixels,
        conv2dWgrad(absolutes(values), absolutes(gradient), reference),
      );
      assertClose(total, conv2dWgrad(values, gradient, reference), { absolute: limits, label: "weight" });
    });
  }

  for (const gate of ["none", "activation", "normalized"] as const) {
    Deno.test(`conv1x1Dgrad: ${Object.values(shape).join(" x ")} from ${outputs}, gate ${gate}`, async () => {
      const { x, affine, w, gradient } = draw();
      const { grad_input } = await runKernel(gpu, conv1x1Dgrad(shape, outputs, { gate }), {
        gradient,
        w,
        gate: gate === "none" ? NOTHING : x,
        gate_affine: gate === "normalized" ? affine : NOTHING,
        grad_input: x.length,
      });
      const open = gate === "normalized" ? scaled(x, affine) : x;
      const expected = conv2dDgrad(gradient, w, reference).map((value, index) =>
        gate === "none" || open[index]! > 0 ? value : 0
      );
      const limits = sumTolerances(outputs, conv2dDgrad(absolutes(gradient), absolutes(w), reference));
      assertClose(grad_input, expected, { absolute: limits, label: "input" });
    });
  }
}
