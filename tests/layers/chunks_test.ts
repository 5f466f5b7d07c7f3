/** A device with small bindings splits batches into chunks, and the result is the same. */
import assert from "node:assert/strict";
import { type Gpu, type Tensor, Trainer, UNet, type UNetConfig } from "../../mod.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { assertClose } from "../support/compare.ts";
import { cut, discs } from "../support/shapes_to_find.ts";
import { microBatchAt } from "../../src/unet/unet.ts";
import { openTestGpu } from "../support/test_gpu.ts";

/** Bytes that hold the largest weight tensor and the history of metrics, and 8 images of the largest activation. */
const LITTLE = 600 * 1024;

const BATCH = discs(3, 11, 64, 4);

interface Outcome {
  logits: Float32Array;
  losses: number[];
  accuracies: number[];
  gradients: Map<string, Float32Array>;
  evaluated: number[];
}

/** The masks of the batch: a plane per class, or with a softmax of three classes the index of the last disc. */
function masksFor({ head }: UNetConfig): Tensor {
  if (head !== "softmax") return BATCH.masks;
  const { data } = BATCH.masks;
  const plane = 64 * 64;
  const indices = Float32Array.from({ length: 11 * plane }, (_, at) => {
    const first = Math.floor(at / plane) * 4 * plane + at % plane;
    return [3, 2, 1].find((index) => data[first + (index - 1) * plane] === 1) ?? 0;
  });
  return { shape: [11, 1, 64, 64], data: indices };
}

async function train(gpu: Gpu, config: UNetConfig): Promise<Outcome> {
  const unet = await UNet.create(gpu, config, { seed: 5 });
  // With PyTorch's default initialization activations fade with every level; 2.4 times as large, the deepest ones matter.
  const state = await unet.stateDict();
  for (const [name, { data }] of state) {
    if (/(conv\d|up)\.weight/.test(name)) data.forEach((w, i) => data[i] = 2.4 * w);
  }
  unet.loadStateDict(state);
  const trainer = await Trainer.create(unet, { seed: 9, learningRate: 1e-3 });
  const { images } = BATCH;
  const masks = masksFor(config);
  const { data: logits } = await unet.logits(images);
  await trainer.enqueueEvaluation(images, masks);
  const [metrics] = await trainer.readMetrics();
  const gradients = await trainer.gradients(images, masks);
  const losses: number[] = [];
  const accuracies: number[] = [];
  for (let step = 0; step < 3; step++) {
    const { loss, dice, bce, accuracy } = await trainer.step(images, masks);
    losses.push(loss, dice, bce);
    accuracies.push(accuracy);
  }
  trainer.close();
  unet.close();
  return {
    logits,
    losses,
    accuracies,
    gradients: new Map([...gradients].map(([name, { data }]) => [name, data])),
    evaluated: [metrics!, ...metrics!.classes!].flatMap(Object.values).filter(Number.isFinite),
  };
}

// Every kernel mode, every norm and every head.
const MODES = [["fast", "instance", "sigmoid"], ["strict", "none", "softmax"]] as const;

for (const [kernels, norm, head] of MODES) {
  Deno.test(`chunkBatch: eleven images in two chunks give what the whole batch gives, ${kernels}, norm ${norm}, ${head}`, async () => {
    const config = { inChannels: 3, outChannels: 4, filters: 4, dropout: 0.4, norm, head };
    const whole = await openTestGpu(kernels === "fast" ? {} : { kernels });
    const little = await openTestGpu({ kernels, maxBindingSize: LITTLE });
    const spec = { kind: "train", batch: 11, height: 64, width: 64 } as const;
    const steps = [whole, little].map((gpu) => recordPlan(config, planTarget(gpu), spec).steps);
    const losses = head === "softmax"
      ? ["loss/softmax_pixels", "loss/softmax_sums", "loss/softmax_gradient"]
      : ["loss/sums", "loss/gradient"];
    const fused = kernels === "fast" && whole.has("subgroups of 8");
    const thin = fused
      ? ["conv2d/fused_forward", "conv2d/fused_dgrad", "conv2d/fused_wgrad"]
      : ["conv2d/direct"];
    for (const label of [...losses, ...thin, "max_pool2d/forward"]) {
      const [once, often] = steps.map((all) =>
        all.filter(({ dispatch }) => dispatch.kernel.label === label).length
      );
      assert.ok(often! > once!, `${label}: ${often} dispatches in place of ${once}`);
    }
    const largest = Math.max(
      ...steps[1]!.flatMap(({ views }) => views.map(({ byteLength }) => byteLength)),
    );
    assert.ok(largest <= LITTLE);

    const expected = await train(whole, config);
    const actual = await train(little, config);
    // Images are independent before the loss: not one bit of a logit depends on the chunks.
    assert.deepEqual(actual.logits, expected.logits);
    // Sums over the batch add the same terms in another order: float32's last digits.
    assertClose(actual.losses, expected.losses, { absolute: 2e-5, label: "losses" });
    // The gradient of a bias before a norm is only rounding, which Adam turns into whole steps; after the norm they move
    // a few of the 180,224 pixels over the threshold.
    assertClose(actual.accuracies, expected.accuracies, { absolute: 1e-4, label: "accuracies" });
    assertClose(actual.evaluated, expected.evaluated, {
      relative: 1e-4,
      absolute: 1e-4,
      label: "evaluated",
    });
    for (const [name, values] of expected.gradients) {
      const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const noise = norm === "instance" && /conv\d\.bias/.test(name) ? 1e-6 : 0;
      assertClose(actual.gradients.get(name)!, values, { absolute: 1e-5 * most + noise, label: name });
    }
  });
}

Deno.test("UNet.logits: more images than one micro-batch holds give what each gives by itself", async () => {
  const gpu = await openTestGpu();
  const unet = await UNet.create(gpu, { filters: 2 });
  const batch = discs(4, 11, 32);
  const { data, shape } = await unet.logits(batch.images);
  assert.deepEqual(shape, [11, 1, 32, 32]);
  for (const image of [0, 7, 8, 10]) {
    const single = await unet.logits(cut(batch, image, image + 1).images);
    assertClose(single.data, data.subarray(image * 1024, (image + 1) * 1024), {
      absolute: 1e-6,
      label: `${image}`,
    });
  }
  unet.close();
});

Deno.test("UNet.logits: images dealt among ranks get the bits that they get in the whole list", async () => {
  const gpu = await openTestGpu();
  for (const norm of ["none", "instance"] as const) {
    const unet = await UNet.create(gpu, { filters: 8, norm });
    const images = discs(4, 11, 64);
    const whole = await unet.logits(images.images);
    const size = 64 * 64;
    let unlike = 0;
    for (const own of [[3], [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]]) {
      const parts = own.map((index) => cut(images, index, index + 1).images.data);
      const data = Float32Array.from(parts.flatMap((part) => [...part]));
      const batch = { shape: [own.length, 3, 64, 64], data };
      const microBatches = own.map((index) => microBatchAt(index, 11));
      const { data: found } = await unet.logits(batch, { microBatches });
      const { data: plain } = await unet.logits(batch);
      own.forEach((index, place) => {
        const expected = whole.data.subarray(index * size, (index + 1) * size);
        assert.deepEqual(found.subarray(place * size, (place + 1) * size), expected, `image ${index}`);
        unlike += plain.subarray(place * size, (place + 1) * size).some((value, at) => value !== expected[at])
          ? 1
          : 0;
      });
    }
    assert.ok(unlike > 0, "the kernels do not depend on the batch: the test proves nothing");
    unet.close();
  }
});
