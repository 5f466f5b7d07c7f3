/** Dropout between the layer that it follows and the one that reads it. */
import assert from "node:assert/strict";
import { size } from "../../kernels/shape.ts";
import type { Region } from "../../src/graph/recorder.ts";
import type { Activation } from "../../src/layers/activation.ts";
import { Builder } from "../../src/layers/builder.ts";
import { conv1x1 } from "../../src/layers/conv1x1.ts";
import { convTranspose2d } from "../../src/layers/conv_transpose2d.ts";
import { dropout } from "../../src/layers/dropout.ts";
import { layerLayout } from "../../src/tuning/single_conv.ts";
import { convTranspose2dDgrad, convTranspose2dForward } from "../reference/conv_transpose2d.ts";
import { assertClose } from "../support/compare.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const PROBABILITY = 0.4;
const SHAPE = { batch: 2, channels: 8, height: 8, width: 8 };
const OUTPUTS = 4;

const LAYOUT = layerLayout({ inputs: SHAPE.channels, outputs: OUTPUTS }, 4);

const random = new Random(5);
/** The result of a ReLU. */
const VALUES = random.floats(size(SHAPE)).map((value) => Math.max(0, value));
const WEIGHTS = random.floats(LAYOUT.blockSize);
const GRADIENT = random.floats(4 * SHAPE.batch * OUTPUTS * SHAPE.height * SHAPE.width);

function record(training: boolean): { builder: Builder; source: Activation; dropped: Activation } {
  const builder = new Builder(LAYOUT, testTarget(), { training });
  const region = builder.recorder.fixed("source", size(SHAPE));
  const source: Activation = { shape: SHAPE, region, kind: "relu", gradientScale: 1 };
  return { builder, source, dropped: dropout(builder, source, PROBABILITY) };
}

Deno.test("dropout: scales what it keeps, and sends the gradient of its reader through the same elements", async () => {
  const run = (find: (recorded: { dropped: Activation; up: Activation; source: Activation }) => Region) => {
    const { builder, source, dropped } = record(true);
    const up = convTranspose2d(builder, "up", dropped, OUTPUTS);
    up.gradient = builder.recorder.fixed("gradient", GRADIENT.length);
    builder.emitBackward();
    const inputs = [
      [source.region, VALUES],
      [builder.weights, WEIGHTS],
      [up.gradient, GRADIENT],
      // Seed, step and first image, as the kernel reads them.
      [builder.step, new Float32Array(Uint32Array.of(7, 3, 0, 0).buffer)],
    ] as const;
    return executeSteps(gpu, builder.recorder.steps, inputs, find({ dropped, up, source }));
  };
  const kept = await run(({ dropped }) => dropped.region);
  const scaled = VALUES.map((value) => value / (1 - PROBABILITY));
  kept.forEach((value, index) =>
    value === 0 || assertClose([value], [scaled[index]!], { relative: 1e-6, label: "kept" })
  );
  const positive = VALUES.filter((value) => value > 0).length;
  const share = kept.filter((value) => value > 0).length / positive;
  // Four standard deviations of a binomial share.
  const limit = 4 * Math.sqrt(PROBABILITY * (1 - PROBABILITY) / positive);
  assertClose([share], [1 - PROBABILITY], { absolute: limit, label: "share of kept elements" });

  const weight = WEIGHTS.subarray(0, LAYOUT.get("up.weight").size);
  const bias = WEIGHTS.subarray(LAYOUT.get("up.bias").offset, LAYOUT.get("up.bias").offset + OUTPUTS);
  const shape = { batch: 2, inChannels: SHAPE.channels, outChannels: OUTPUTS, height: 8, width: 8 };
  assertClose(await run(({ up }) => up.region), convTranspose2dForward(kept, weight, bias, shape), {
    absolute: 1e-5,
    label: "what is read",
  });
  const expected = convTranspose2dDgrad(GRADIENT, weight, shape)
    .map((value, index) => kept[index]! > 0 ? value / (1 - PROBABILITY) : 0);
  assertClose(await run(({ source }) => source.gradient!), expected, { absolute: 1e-5, label: "gradient" });
});

Deno.test("dropout: is nothing without training", () => {
  const { builder, source, dropped } = record(false);
  assert.equal(dropped, source);
  assert.deepEqual(builder.recorder.steps, []);
});

Deno.test("dropout: rejects a reader that would not scale the gradient", () => {
  const { builder, dropped } = record(true);
  const logits = conv1x1(builder, "outc", dropped, 1);
  logits.gradient = builder.recorder.fixed("gradient", size(logits.shape));
  assert.throws(
    () => builder.emitBackward(),
    /Cannot record the gradient of "dropout": its reader does not scale/,
  );
});
