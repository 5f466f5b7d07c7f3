import { pixelBands } from "../../kernels/bands.ts";
import {
  normAffine,
  normBackward,
  normBackwardBands,
  normBackwardSums,
  normBands,
} from "../../kernels/instance_norm/instance_norm.ts";
import { instanceNormBackward, instanceNormForward } from "../reference/instance_norm.ts";
import { assertClose } from "../support/compare.ts";
import { scaled } from "../support/normalized.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** Batch, channels, height, width; then mean and half the range of the values. */
const CASES = [
  { title: "ragged", size: [2, 3, 5, 7], mean: 0.3, spread: 1 },
  { title: "one pixel per plane", size: [2, 5, 1, 1], mean: 1, spread: 3 },
  { title: "one band plus one pixel", size: [1, 1, 13, 5], mean: -2, spread: 0.5 },
  { title: "many channels", size: [1, 64, 4, 4], mean: 0, spread: 1 },
  { title: "many bands", size: [2, 2, 32, 32], mean: 0, spread: 10 },
  {
    title: "a mean that is large compared with the deviation",
    size: [1, 3, 16, 16],
    mean: 1000,
    spread: 0.1,
  },
  { title: "constant planes", size: [1, 2, 8, 8], mean: 5, spread: 0 },
] as const;

for (const { title, size, mean, spread } of CASES) {
  Deno.test(`instance_norm: forward and gradients, ${title}`, async () => {
    const [batch, channels, height, width] = size;
    const shape = { batch, channels, height, width };
    const pixels = height * width;
    const planes = batch * channels;
    const bands = pixelBands(shape, 64);
    const random = new Random(pixels);
    const z = random.floats(planes * pixels, mean - spread, mean + spread);
    const weight = random.floats(channels, -2, 2);
    const bias = random.floats(channels);
    const gradOutput = random.floats(z.length);
    const reference = { batch, channels, count: pixels };

    // One dispatch per image, as if a binding held no more.
    const images = Array.from({ length: batch }, (_, image) => {
      const cut = (values: Float32Array) =>
        values.slice(image * channels * pixels, (image + 1) * channels * pixels);
      return {
        planes: { pixels, first: image * channels, count: channels },
        z: cut(z),
        gradient: cut(gradOutput),
      };
    });
    let partial = new Float32Array(planes * bands.perImage * 2);
    for (const { planes, z } of images) {
      ({ partial } = await runKernel(gpu, normBands(planes, bands), { z, z_vectors: z, partial }));
    }
    const { statistics, affine } = await runKernel(gpu, normAffine(shape, bands), {
      partial,
      weight,
      bias,
      statistics: 2 * planes,
      affine: 2 * planes,
    });
    // Values of size m have rounding errors of m / 2^24, which the division by the deviation amplifies.
    const inverse = statistics.reduce((most, value, index) => index % 2 ? Math.max(most, value) : most, 0);
    const noise = 2 ** -22 * (1 + (Math.abs(mean) + spread) * inverse);
    assertClose(scaled(z, affine), instanceNormForward(z, weight, bias, reference), {
      absolute: 4 * noise,
      label: "forward",
    });

    partial = new Float32Array(planes * bands.perImage * 2);
    for (const { planes, z, gradient } of images) {
      ({ partial } = await runKernel(gpu, normBackwardBands(planes, bands), {
        z,
        z_vectors: z,
        gradient,
        gradient_vectors: gradient,
        statistics,
        partial,
      }));
    }
    const { sums, grad_weight, grad_bias } = await runKernel(gpu, normBackwardSums(shape, bands), {
      partial,
      sums: 2 * planes,
      grad_weight: channels,
      grad_bias: channels,
    });
    const gradInput: number[] = [];
    for (const { planes, z, gradient } of images) {
      const operands = { z, statistics, affine, sums, gradient };
      gradInput.push(...(await runKernel(gpu, normBackward(planes), operands)).gradient);
    }
    const expected = instanceNormBackward(z, weight, gradOutput, reference);
    const absolute = noise * Math.sqrt(batch * pixels);
    assertClose(grad_bias, expected.gradBias, { absolute, label: "bias" });
    assertClose(grad_weight, expected.gradWeight, { absolute: 4 * absolute, label: "weight" });
    assertClose(gradInput, expected.gradInput, { absolute: 8 * noise * inverse, label: "input" });
  });
}
