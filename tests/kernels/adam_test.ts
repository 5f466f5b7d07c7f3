import assert from "node:assert/strict";
import { adamAverageStep, type AdamOptions, adamStep, packStep } from "../../kernels/adam/adam.ts";
import { ADAM_DEFAULTS, adamStep as referenceStep } from "../reference/adam.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const CASES: { title: string; count: number; options: AdamOptions; scale: number }[] = [
  { title: "PyTorch's defaults", count: 260, options: { ...ADAM_DEFAULTS, weightDecay: 0 }, scale: 1 },
  {
    title: "other hyperparameters, weight decay and clipping",
    count: 4,
    options: { learningRate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1 },
    scale: 0.25,
  },
];

/** Gradients span nine orders of magnitude. */
const sizeOf = (index: number) => 10 ** (index % 9 - 6);

for (const { title, count, options, scale } of CASES) {
  Deno.test(`adamStep: six steps with ${title} equal the reference`, async () => {
    const random = new Random(count);
    const state = {
      parameters: Float64Array.from(random.floats(count)),
      firstMoment: new Float64Array(count),
      secondMoment: new Float64Array(count),
    };
    let weights = Float32Array.from(state.parameters);
    let firstMoment = new Float32Array(count);
    let secondMoment = new Float32Array(count);
    for (let step = 1; step <= 6; step++) {
      // Zeros let the moments decay.
      const gradient = random.floats(count).map((value, i) => (i + step) % 5 === 0 ? 0 : value * sizeOf(i));
      // Loshchilov and Hutter: weight decay comes before the step and bypasses the moments.
      state.parameters = state.parameters.map((value) =>
        value * (1 - options.learningRate * options.weightDecay)
      );
      referenceStep(state, gradient.map((value) => value * scale), step, options);
      const result = await runKernel(gpu, adamStep(count), {
        weights,
        gradient,
        first_moment: firstMoment,
        second_moment: secondMoment,
        gradient_scale: new Float32Array([scale]),
        step: packStep(0, step, step, 0, options),
      });
      weights = result.weights;
      firstMoment = result.first_moment;
      secondMoment = result.second_moment;
    }
    const sizes = Float64Array.from(weights, (_, index) => sizeOf(index));
    assertClose(firstMoment, state.firstMoment, {
      absolute: sizes.map((size) => 2 ** -22 * size),
      label: "first moment",
    });
    // Rounding beta2 to float32 changes 1 - beta2 = 0.001 by 1.3e-5 of its value, the same in each step.
    assertClose(secondMoment, state.secondMoment, {
      absolute: sizes.map((size) => 2 ** -22 * size ** 2),
      relative: 2e-5,
      label: "second moment",
    });
    assertClose(weights, state.parameters, {
      absolute: 6 * (2 ** -24 + 2e-5 * options.learningRate),
      label: "weights",
    });
  });
}

Deno.test("adamStep: a zero gradient in the first step changes no weight", async () => {
  const weights = new Random(3).floats(8);
  const zeros = () => new Float32Array(8);
  const result = await runKernel(gpu, adamStep(8), {
    weights,
    gradient: zeros(),
    first_moment: zeros(),
    second_moment: zeros(),
    gradient_scale: new Float32Array([1]),
    step: packStep(0, 1, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }),
  });
  assertClose(result.weights, weights, { label: "weights" });
});

for (const count of [4, 256, 260]) {
  Deno.test(`adamAverageStep: ${count} weights as by adamStep, and their EMA with the decay of each step`, async () => {
    const random = new Random(count);
    const zeros = () => new Float32Array(count);
    let buffers = { weights: random.floats(count), first_moment: zeros(), second_moment: zeros() };
    let average = random.floats(count);
    let expected = Float64Array.from(average);
    for (const [index, keep] of [0, 0.25, 0.999, 1].entries()) {
      const step = packStep(0, index + 1, index + 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0.1 }, 0, keep);
      const given = {
        ...buffers,
        gradient: random.floats(count),
        gradient_scale: new Float32Array([0.5]),
        step,
      };
      const { weights, first_moment, second_moment } = await runKernel(gpu, adamStep(count), given);
      const result = await runKernel(gpu, adamAverageStep(count), { ...given, average });
      assert.deepEqual([...result.weights], [...weights]);
      assert.deepEqual([...result.first_moment], [...first_moment]);
      assert.deepEqual([...result.second_moment], [...second_moment]);
      expected = expected.map((old, at) => keep * old + (1 - keep) * weights[at]!);
      average = result.average;
      assertClose(average, expected, { absolute: 2 ** -22, label: `average, keep ${keep}` });
      buffers = { weights, first_moment, second_moment };
    }
  });
}
