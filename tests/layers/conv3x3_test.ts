/** Every algorithm of the 3 x 3 convolution against plain float64 loops, and the choice among them. */
import assert from "node:assert/strict";
import type { KernelChoices } from "../../kernels/choices.ts";
import { type Nchw, size } from "../../kernels/shape.ts";
import { CONV3X3, type ConvVariant } from "../../kernels/variants.ts";
import type { Region } from "../../src/graph/recorder.ts";
import type { Activation } from "../../src/layers/activation.ts";
import { Builder, type BuilderOptions } from "../../src/layers/builder.ts";
import { conv3x3, CONV3X3_ALGORITHMS } from "../../src/layers/conv3x3/conv3x3.ts";
import { layerLayout } from "../../src/tuning/single_conv.ts";
import { conv2dDgrad, conv2dForward, type Conv2dShape, conv2dWgrad } from "../reference/conv2d.ts";
import { assertClose } from "../support/compare.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { affineOf, normalized, scaled } from "../support/normalized.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const LAYER = { name: "conv", inputs: 48, outputs: 16 };

/** Relative to the largest value; F(4x4) loses digits to its transforms. */
const LIMITS: Record<ConvVariant, number> = {
  direct: 2e-6,
  fused: 4e-5,
  im2col: 2e-6,
  small: 2e-6,
  winograd2: 4e-6,
  winograd4: 4e-5,
};

const random = new Random(12);
const LAYOUT = layerLayout(LAYER);
const WEIGHTS = random.floats(LAYOUT.blockSize);
const KERNEL = WEIGHTS.subarray(0, 9 * LAYER.inputs * LAYER.outputs);
const BIAS = WEIGHTS.subarray(LAYOUT.get("conv.bias").offset, LAYOUT.get("conv.bias").offset + LAYER.outputs);

/** Square maps that a layer reads and computes. */
class Case {
  /** Two sources: one that holds the result of a ReLU, and one that is read through a normalization. */
  readonly shapes: readonly Nchw[];
  readonly output: Nchw;
  readonly reference: Conv2dShape;
  readonly values: readonly Float32Array[];
  readonly affine: Float32Array;
  /** What the convolution reads, source by source. */
  readonly read: readonly Float32Array[];
  readonly gradient: Float32Array;

  constructor(side: number) {
    const maps = { batch: 2, height: side, width: side };
    this.shapes = [32, 16].map((channels) => ({ ...maps, channels }));
    this.output = { ...maps, channels: LAYER.outputs };
    this.reference = { ...maps, inChannels: 48, outChannels: 16, kernel: 3, padding: 1 };
    this.values = this.shapes.map((shape) => random.floats(size(shape)));
    this.affine = affineOf(random, 2 * this.shapes[1]!.channels);
    this.read = [this.values[0]!, normalized(this.values[1]!, this.affine)];
    this.gradient = random.floats(size(this.output));
  }
}

const LARGE = new Case(8);
/** For a variant that serves no larger maps. */
const SMALL = new Case(4);

/** Concatenates the channels of NCHW tensors. */
function concatenate(tensors: readonly Float32Array[]): Float32Array {
  const parts = [];
  for (let image = 0; image < LARGE.output.batch; image++) {
    for (const data of tensors) {
      const length = data.length / LARGE.output.batch;
      parts.push(...data.subarray(image * length, (image + 1) * length));
    }
  }
  return Float32Array.from(parts);
}

function record(choices: KernelChoices = {}, options: BuilderOptions = {}, maps: Case = LARGE) {
  const builder = new Builder(LAYOUT, testTarget({ choices }), options);
  const { recorder } = builder;
  const affine = recorder.fixed("affine", maps.affine.length);
  const sources: Activation[] = maps.shapes.map((shape, index) => ({
    shape,
    region: recorder.fixed(`source ${index}`, size(shape)),
    kind: index === 0 ? "relu" : "normalized",
    ...(index === 0 ? {} : { affine }),
    gradientScale: 1,
  }));
  const output = builder.activation("output", maps.output, "relu");
  const gradient = recorder.fixed("gradient", size(maps.output));
  const inputs: [Region, Float32Array][] = [
    [builder.weights, WEIGHTS],
    [affine, maps.affine],
    [gradient, maps.gradient],
    ...sources.map(({ region }, index): [Region, Float32Array] => [region, maps.values[index]!]),
  ];
  const execute = (result: Region) => {
    const used = new Set(recorder.steps.flatMap(({ views }) => views.map(({ region }) => region)));
    return executeSteps(gpu, recorder.steps, inputs.filter(([region]) => used.has(region)), result);
  };
  return { builder, sources, output, gradient, execute };
}

function assertEqual(
  actual: Float32Array,
  expected: ArrayLike<number>,
  variant: ConvVariant,
  label: string,
): void {
  const most = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assertClose(actual.subarray(0, expected.length), expected, { absolute: LIMITS[variant] * most, label });
}

Deno.test("CONV3X3_ALGORITHMS: has exactly the variants of the table in kernels/", () => {
  assert.deepEqual(Object.keys(CONV3X3_ALGORITHMS).sort(), Object.keys(CONV3X3.variants).sort());
});

for (const [name, algorithm] of Object.entries(CONV3X3_ALGORITHMS)) {
  const variant = name as ConvVariant;
  if (!gpu.has(CONV3X3.variants[variant].needs)) continue;
  const maps = variant === "small" ? SMALL : LARGE;

  Deno.test(`CONV3X3_ALGORITHMS: ${name}, forward of two sources with bias and ReLU`, async () => {
    const { builder, sources, output, execute } = record({}, {}, maps);
    algorithm.forward(builder, LAYER, sources, output, { bias: true, relu: true });
    const expected = conv2dForward(concatenate(maps.read), KERNEL, BIAS, maps.reference);
    assertEqual(await execute(output.region), expected.map((value) => Math.max(0, value)), variant, "output");
  });

  Deno.test(`CONV3X3_ALGORITHMS: ${name}, gradients of both sources, each behind its ReLU`, async () => {
    const whole = conv2dDgrad(maps.gradient, KERNEL, maps.reference);
    const gates = [maps.values[0]!, scaled(maps.values[1]!, maps.affine)];
    for (const [index, first] of [0, maps.shapes[0]!.channels].entries()) {
      const { builder, sources, gradient, execute } = record({}, {}, maps);
      algorithm.inputGradients(builder, LAYER, sources, maps.output, gradient);
      const { channels, height, width } = maps.shapes[index]!;
      const plane = height * width;
      const expected = Float64Array.from(gates[index]!, (gate, at) => {
        const image = Math.floor(at / (channels * plane));
        return gate > 0 ? whole[(image * LAYER.inputs + first) * plane + at - image * channels * plane]! : 0;
      });
      assertEqual(await execute(sources[index]!.gradient!), expected, variant, `gradient of source ${index}`);
    }
  });

  Deno.test(`CONV3X3_ALGORITHMS: ${name}, weight gradient over both sources`, async () => {
    const { builder, sources, gradient, execute } = record({}, {}, maps);
    algorithm.weightGradient(builder, LAYER, sources, maps.output, gradient);
    const expected = conv2dWgrad(concatenate(maps.read), maps.gradient, maps.reference);
    const gradients = await execute(builder.gradients);
    assertEqual(gradients, expected, variant, "weight gradient");
    if (!algorithm.sumsBias) return;
    const plane = maps.output.height * maps.output.width;
    const bias = new Float64Array(LAYER.outputs);
    maps.gradient.forEach((value, at) => bias[Math.floor(at / plane) % LAYER.outputs]! += value);
    assertEqual(gradients.subarray(LAYOUT.get("conv.bias").offset), bias, variant, "bias gradient");
  });
}

Deno.test("conv3x3: records the chosen algorithm, which micro-batches choose by the size of their batch", () => {
  const kernels = (choices: KernelChoices, options?: BuilderOptions) => {
    const labels = new Set<string>();
    for (const direction of ["forward", "inputGradients", "weightGradient"] as const) {
      const { builder, sources, output, gradient } = record(choices, options);
      if (direction === "forward") conv3x3.forward(builder, LAYER, sources, output, {});
      else conv3x3[direction](builder, LAYER, sources, LARGE.output, gradient);
      for (const { dispatch } of builder.recorder.steps) labels.add(dispatch.kernel.label.replace(/_.*/, ""));
    }
    return [...labels].filter((label) => label.startsWith("conv2d/")).sort();
  };
  // 128 pixels are not few, but maps of 8 x 8 are deep.
  assert.deepEqual(kernels({ "conv3x3/deep": "winograd2" }), ["conv2d/winograd2"]);
  assert.deepEqual(kernels({ "conv3x3/deep": "winograd4" }), ["conv2d/winograd4"]);
  assert.deepEqual(kernels({ "conv3x3/deep": "direct" }), ["conv2d/direct"]);
  assert.deepEqual(kernels({ "conv3x3/deep": "im2col" }), ["conv2d/col2im", "conv2d/im2col"]);
  const choices = { "conv3x3/few": "im2col", "conv3x3/deep": "winograd2" };
  const ofBatch = (batch: number, partOf?: number) => {
    const { builder, sources, output } = record(choices, { partOf });
    const cut = ({ shape, ...rest }: Activation) => ({ ...rest, shape: { ...shape, batch } });
    conv3x3.forward(builder, LAYER, sources.map(cut), cut(output), {});
    return builder.recorder.steps.at(-1)!.dispatch.kernel.label;
  };
  assert.equal(ofBatch(1), "conv2d/col2im");
  assert.equal(ofBatch(1, 2), "conv2d/winograd2_output");
});
