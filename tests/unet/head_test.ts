/** The heads: what a network's configuration says of its classes, and probabilities from logits. */
import assert from "node:assert/strict";
import { HEADS, IGNORED_TARGET } from "../../kernels/loss/definition.ts";
import { Trainer, UNet } from "../../mod.ts";
import { IGNORED_TARGET as DATASET_IGNORED, targetChannels } from "../../src/dataset/targets.ts";
import {
  classCount,
  completeConfig,
  headOf,
  logitChannels,
  maskChannels,
  type UNetConfig,
} from "../../src/unet/config.ts";
import { probabilities } from "../../src/unet/probabilities.ts";
import { assertClose } from "../support/compare.ts";
import { discs } from "../support/shapes_to_find.ts";
import { openTestGpu } from "../support/test_gpu.ts";

Deno.test("completeConfig: a sigmoid leaves no trace, so that descriptions of one class keep their bytes", () => {
  const plain = completeConfig({ filters: 8 });
  assert.equal("head" in plain, false);
  const heads = [{ head: "sigmoid" }, { head: undefined }] as Partial<UNetConfig>[];
  for (const given of heads) assert.deepEqual(completeConfig({ filters: 8, ...given }), plain);
  assert.equal(completeConfig({ head: "softmax", outChannels: 3 }).head, "softmax");
});

Deno.test("completeConfig: refuses a softmax without a class, and other heads", () => {
  assert.throws(
    () => completeConfig({ head: "softmax" }),
    /^RangeError: Cannot build a UNet with head "softmax" and outChannels 1: expected the background and /,
  );
  assert.throws(
    () => completeConfig({ head: "argmax" as "softmax" }),
    /^RangeError: Cannot build a UNet with head "argmax": expected "sigmoid" or "softmax"$/,
  );
});

Deno.test("classCount, maskChannels: a softmax has a channel for the background, and one of class indices", () => {
  for (const classes of [1, 2, 14]) {
    const sigmoid = completeConfig({ outChannels: logitChannels(classes) });
    assert.deepEqual([headOf(sigmoid), classCount(sigmoid), maskChannels(sigmoid)], [
      "sigmoid",
      classes,
      classes,
    ]);
    const softmax = completeConfig({ head: "softmax", outChannels: logitChannels(classes, "softmax") });
    assert.equal(softmax.outChannels, classes + 1);
    assert.deepEqual([headOf(softmax), classCount(softmax), maskChannels(softmax)], ["softmax", classes, 1]);
  }
});

Deno.test("maskChannels, IGNORED_TARGET: the masks of datasets are those that the loss reads", () => {
  assert.equal(DATASET_IGNORED, IGNORED_TARGET);
  for (const head of HEADS) {
    const network = completeConfig({ head, outChannels: logitChannels(3, head) });
    assert.equal(targetChannels({ classCount: 3, head }), maskChannels(network));
  }
});

Deno.test("probabilities: the softmax without the background, in each image, without overflow", () => {
  // [2 images, 3 channels, 1 row, 2 columns]
  const data = Float32Array.of(0, 200, Math.log(2), -200, Math.log(5), 0, 1, 1, 1, NaN, 1, 1);
  const found = probabilities({ shape: [2, 3, 1, 2], data }, "softmax");
  assert.deepEqual(found.shape, [2, 2, 1, 2]);
  const [first, second] = [found.data.subarray(0, 4), found.data.subarray(4)];
  assertClose(first, [2 / 8, 0, 5 / 8, 0], { absolute: 1e-7, label: "first image" });
  assertClose([second[0]!, second[2]!], [1 / 3, 1 / 3], { absolute: 1e-7, label: "second image" });
  assert.ok(Number.isNaN(second[1]!) && Number.isNaN(second[3]!), "a NaN of any channel is one of its pixel");
});

const DISCS = discs(1, 4, 32, 3);

/** The discs as class indices, the last class in front, or a plane per class; the top rows are ignored. */
function targetsOf(head: "sigmoid" | "softmax") {
  const { shape: [count, classes, size], data } = DISCS.masks;
  const plane = size! * size!;
  const channels = head === "softmax" ? 1 : classes!;
  const masks = new Float32Array(count! * channels * plane);
  for (let index = 0; index < masks.length; index++) {
    const [image, pixel] = [Math.floor(index / channels / plane), index % plane];
    const truths = Array.from(
      { length: classes! },
      (_, row) => data[(image * classes! + row) * plane + pixel],
    );
    masks[index] = pixel < 2 * size!
      ? -1
      : head === "softmax"
      ? truths.lastIndexOf(1) + 1
      : truths[Math.floor(index / plane) % channels]!;
  }
  return { shape: [count!, channels, size!, size!], data: masks };
}

for (const head of ["softmax", "sigmoid"] as const) {
  Deno.test(`Trainer: 60 steps find classes by ${head}, and a resumed run has the same bits`, async () => {
    const gpu = await openTestGpu();
    const config = {
      filters: 4,
      dropout: 0,
      head,
      outChannels: logitChannels(3, head),
    };
    const [images, masks] = [DISCS.images, targetsOf(head)];
    const train = async (trainer: Trainer, steps: number) => {
      for (let step = 0; step < steps; step++) await trainer.enqueue(images, masks);
      return await trainer.readMetrics();
    };
    const make = async () =>
      await Trainer.create(await UNet.create(gpu, config, { seed: 2 }), { learningRate: 1e-2 });
    const trainer = await make();
    const before = await train(trainer, 30);
    const middle = await trainer.state();
    const after = await train(trainer, 30);
    const end = await trainer.state();
    const { classes, pixels, loss } = after.at(-1)!;
    assert.ok(loss < 0.7 * before[0]!.loss, `${before[0]!.loss} to ${loss}`);
    assert.equal(pixels, 4 * 30 * 32 * (head === "softmax" ? 1 : 3), "ignored pixels count");
    // The smallest disc, mostly covered, takes another 60 steps.
    const dice = classes!.map(({ overlap, predicted, truth }) => 2 * overlap / (predicted + truth));
    assert.ok(dice.filter((value) => value > 0.6).length >= 2, `Dice ${dice}`);
    const resumed = await make();
    resumed.load(middle);
    assert.deepEqual(await train(resumed, 30), after);
    assert.deepEqual(await resumed.state(), end);
    for (const one of [trainer, resumed]) {
      one.close();
      one.unet.close();
    }
  });
}

Deno.test("Trainer: masks of a softmax have one channel of class indices; others are refused by value and way", async () => {
  const gpu = await openTestGpu();
  const unet = await UNet.create(gpu, { filters: 1, head: "softmax", outChannels: 4 });
  await assert.rejects(
    Trainer.create(unet, { loss: "focal" }),
    /^RangeError: Cannot train with loss "focal" and head "softmax"\nhint: use --loss combined, or --head sigmoid$/,
  );
  const trainer = await Trainer.create(unet);
  const images = { shape: [1, 3, 32, 32], data: new Float32Array(3 * 1024) };
  const masks = { shape: [1, 1, 32, 32], data: new Float32Array(1024) };
  for (const value of [4, -2, 0.5, NaN]) {
    masks.data[7] = value;
    await assert.rejects(
      trainer.step(images, masks),
      new RegExp(
        `^RangeError: Cannot train with a mask of value ${value} at index 7: expected class indices from 0 to 3, or -1 `,
      ),
    );
  }
  await assert.rejects(
    trainer.step(images, { shape: [1, 3, 32, 32], data: new Float32Array(3 * 1024) }),
    /^TypeError: Cannot train with masks of shape \[1, 3, 32, 32\] .*: expected \[1, 1, 32, 32\]$/,
  );
  trainer.close();
  unet.close();
});
