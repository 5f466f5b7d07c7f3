/** A tensor that is recomputed for the backward of its reader. */
import assert from "node:assert/strict";
import { type Nchw, size } from "../../kernels/shape.ts";
import type { Activation } from "../../src/layers/activation.ts";
import { Builder } from "../../src/layers/builder.ts";
import { conv2d } from "../../src/layers/conv2d.ts";
import { maxPool2d } from "../../src/layers/max_pool2d.ts";
import { layerLayout } from "../../src/tuning/single_conv.ts";
import { conv2dWgrad } from "../reference/conv2d.ts";
import { maxPool2dForward } from "../reference/max_pool2d.ts";
import { assertClose } from "../support/compare.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const CHANNELS = { inputs: 1, outputs: 1 };
const LAYOUT = layerLayout(CHANNELS);

/** A pooled image and a convolution that reads it, with the backward of the convolution. */
function record({ height, width }: Pick<Nchw, "height" | "width">) {
  const builder = new Builder(LAYOUT, testTarget({ strict: true }), { training: true });
  const { recorder } = builder;
  const shape = { batch: 1, channels: 1, height, width };
  const region = recorder.fixed("skip", size(shape));
  const skip: Activation = { shape, region, kind: "relu", gradientScale: 1 };
  // What the decoder would have written by the time that the pooling goes backward.
  skip.gradient = recorder.temporary("skip gradient", size(shape));
  const pooled = maxPool2d(builder, skip);
  const output = conv2d(builder, "conv", [pooled], 1);
  output.gradient = recorder.fixed("gradient", size(output.shape));
  builder.emitBackward();
  const poolings = recorder.steps.filter(({ dispatch }) => dispatch.kernel.label === "max_pool2d/forward");
  return { builder, skip, output, poolings };
}

Deno.test("emitRematerializable: a large tensor is recomputed for its reader's backward, to the same gradient", async () => {
  const { builder, skip, output, poolings } = record({ height: 1024, width: 1024 });
  assert.equal(poolings.length, 2, "once forward, once for the backward");
  const [first, again] = poolings.map(({ views }) => views.at(-1)!.region);
  assert.notEqual(first, again, "the first one's memory is free in between");
  const random = new Random(6);
  const values = random.floats(size(skip.shape)).map((value) => Math.max(0, value));
  const gradient = random.floats(size(output.shape));
  const inputs = [
    [skip.region, values],
    [builder.weights, random.floats(LAYOUT.blockSize)],
    [output.gradient!, gradient],
  ] as const;
  const actual = await executeSteps(gpu, builder.recorder.steps, inputs, builder.gradients);
  const pooled = maxPool2dForward(values, 1, 1024, 1024);
  const expected = conv2dWgrad(pooled, gradient, {
    batch: 1,
    inChannels: 1,
    outChannels: 1,
    height: 512,
    width: 512,
    kernel: 3,
    padding: 1,
  });
  const most = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assertClose(actual.subarray(0, 9), expected, { absolute: 1e-5 * most + 1e-2, label: "weight gradient" });
});

Deno.test("emitRematerializable: a small tensor is kept", () => {
  assert.equal(record({ height: 64, width: 64 }).poolings.length, 1);
});

for (const norm of [undefined, "norm"] as const) {
  Deno.test(`conv2d: a micro-batch recomputes the network's first convolution, to the same gradients, norm ${norm ?? "none"}`, async () => {
    const shape = { batch: 1, channels: 1, height: 512, width: 512 };
    const names = ["a.weight", "a.bias", "b.weight", "b.bias", "norm.weight", "norm.bias"];
    const layout = {
      blockSize: 64 * names.length,
      get: (name: string) => ({ offset: 64 * names.indexOf(name), size: /[ab]\.weight/.test(name) ? 9 : 1 }),
    };
    const random = new Random(6);
    const [values, weights, slope] = [
      random.floats(size(shape)),
      random.floats(layout.blockSize),
      random.floats(size(shape)),
    ];
    const run = async (partOf?: number) => {
      const builder = new Builder(layout, testTarget({ strict: true }), { training: true, partOf });
      const { recorder } = builder;
      const image: Activation = {
        shape,
        region: recorder.fixed("images", size(shape)),
        kind: "plain",
        gradientScale: 1,
      };
      const first = conv2d(builder, "a", [image], 1, norm);
      const { region } = first;
      const output = conv2d(builder, "b", [first], 1);
      output.gradient = recorder.fixed("gradient", size(shape));
      const backwardAt = recorder.steps.length;
      builder.emitBackward();
      const inputs = [[image.region, values], [builder.weights, weights], [output.gradient, slope]] as const;
      return {
        isKept: recorder.steps.slice(backwardAt).some(({ views }) =>
          views.some((view) => view.region === region)
        ),
        gradients: await executeSteps(gpu, recorder.steps, inputs, builder.gradients),
      };
    };
    const [whole, micro] = [await run(), await run(2)];
    assert.deepEqual([whole.isKept, micro.isKept], [true, false]);
    assert.deepEqual(micro.gradients, whole.gradients);
    assert.ok(micro.gradients.some((value) => Math.abs(value) > 1));
  });
}
