import assert from "node:assert/strict";
import { packStep } from "../../kernels/adam/adam.ts";
import { augment, type Augmentation, sourceExtents } from "../../kernels/augment/augment.ts";
import { ADAM_DEFAULTS } from "../reference/adam.ts";
import { augmentBatch, type AugmentShape } from "../reference/augment.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const NONE: Augmentation = {
  flipHorizontal: false,
  flipVertical: false,
  rotation: 0,
  scale: 0,
  shift: 0,
  contrast: 0,
  brightness: 0,
  noise: 0,
};

function draw(shape: AugmentShape): { images: Float32Array; masks: Float32Array } {
  const random = new Random(shape.width);
  const pixels = shape.height * shape.width;
  const images = random.floats(shape.batch * shape.channels * pixels, -2, 2);
  const masks = Float32Array.from(
    { length: shape.batch * shape.maskChannels * pixels },
    () => random.integer(2),
  );
  return { images, masks };
}

async function run(
  shape: AugmentShape,
  options: Augmentation,
  seed = 1,
  step = 1,
  source = draw(shape),
): Promise<{ images: Float32Array; masks: Float32Array }> {
  return await runKernel(gpu, augment(shape, shape.maskChannels, options), {
    source_images: source.images,
    source_masks: source.masks,
    images: source.images.length,
    masks: source.masks.length,
    step: packStep(seed, step, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }),
  });
}

const SMALL = { batch: 2, channels: 3, maskChannels: 1, height: 5, width: 7 };

for (const shape of [SMALL, { ...SMALL, batch: 1, channels: 1, height: 1, width: 1 }]) {
  Deno.test(`augment: zero strength changes no bit, ${Object.values(shape).join(" x ")}`, async () => {
    const { images, masks } = draw(shape);
    assert.deepEqual(await run(shape, NONE), { images, masks });
  });
}

Deno.test("augment: flips are exact, equal for image and mask, and each has probability 1/2", async () => {
  const shape = { ...SMALL, batch: 64, maskChannels: 2 };
  const source = draw(shape);
  const options = { ...NONE, flipHorizontal: true, flipVertical: true };
  const { images, masks } = await run(shape, options);
  const counts = [0, 0, 0, 0];
  for (let image = 0; image < shape.batch; image++) {
    const kinds = [0, 1, 2, 3].filter((kind) =>
      isFlipped(images, source.images, image * 3, 3, kind) &&
      isFlipped(masks, source.masks, image * 2, 2, kind)
    );
    assert.equal(kinds.length, 1, `image ${image}`);
    counts[kinds[0]!]!++;
  }
  for (const count of counts) assert.ok(count > 4 && count < 32, `${counts}`);
  const only = await run(shape, { ...NONE, flipHorizontal: true });
  for (let image = 0; image < shape.batch; image++) {
    assert.ok([0, 1].some((kind) => isFlipped(only.images, source.images, image * 3, 3, kind)));
  }
});

/** Whether planes of 5 x 7 are flipped; bits of `kind`: 1 horizontally, 2 vertically. */
function isFlipped(
  values: Float32Array,
  source: Float32Array,
  first: number,
  count: number,
  kind: number,
): boolean {
  for (let plane = first; plane < first + count; plane++) {
    for (let row = 0; row < 5; row++) {
      for (let column = 0; column < 7; column++) {
        const from = (kind & 2 ? 4 - row : row) * 7 + (kind & 1 ? 6 - column : column);
        if (values[plane * 35 + row * 7 + column] !== source[plane * 35 + from]) return false;
      }
    }
  }
  return true;
}

const STRENGTHS: Record<string, Augmentation> = {
  "rotation": { ...NONE, rotation: 180 },
  "scale": { ...NONE, scale: 0.5 },
  "shift": { ...NONE, shift: 0.4 },
  "elastic": { ...NONE, elastic: 0.12 },
  "light": { ...NONE, contrast: 0.5, brightness: 0.7 },
  "noise": { ...NONE, noise: 0.3 },
  "everything": {
    flipHorizontal: true,
    flipVertical: true,
    rotation: 20,
    scale: 0.2,
    shift: 0.1,
    elastic: 0.08,
    contrast: 0.2,
    brightness: 0.1,
    noise: 0.05,
  },
};

for (const [title, options] of Object.entries(STRENGTHS)) {
  Deno.test(`augment: ${title} equals the reference`, async () => {
    const shape = { batch: 6, channels: 2, maskChannels: 2, height: 13, width: 9 };
    const source = draw(shape);
    const { images, masks } = await run(shape, options, 0xfeedface, 3);
    const expected = augmentBatch(source.images, source.masks, shape, options, 0xfeedface, 3);
    // Positions are accurate to about 1e-6 of the width, and neighboring values differ by up to 4.
    assertClose(images, expected.images, { absolute: 1e-4, label: "images" });
    const pixels = shape.height * shape.width;
    let ties = 0;
    const certain = masks.map((value, index) => {
      const margin = expected.margins[Math.floor(index / (2 * pixels)) * pixels + index % pixels]!;
      if (margin > 1e-4) return value;
      ties++;
      return expected.masks[index]!;
    });
    assertClose(certain, expected.masks, { label: "masks" });
    assert.ok(ties < masks.length / 50, `${ties} ties`);
  });
}

Deno.test("augment: image and mask undergo the same map, checked away from edges on an image equal to its mask", async () => {
  const [height, width] = [32, 32];
  const shape = { batch: 8, channels: 1, maskChannels: 1, height, width };
  const disc = Float32Array.from({ length: 8 * 1024 }, (_, index) => {
    const [x, y] = [index % 32 - 17, Math.floor(index / 32) % 32 - 14];
    return x * x + 2 * y * y < 60 ? 1 : 0;
  });
  const moved = { rotation: 45, scale: 0.2, shift: 0.2, elastic: 0.12 };
  const options = { ...NONE, ...moved, flipHorizontal: true, flipVertical: true };
  const { images, masks } = await run(shape, options, 3, 4, { images: disc, masks: disc });
  let compared = 0;
  images.forEach((value, index) => {
    // Values in between were interpolated across an edge.
    if (value > 0.001 && value < 0.999) return;
    compared++;
    assert.equal(masks[index], Math.round(value), `at ${index}`);
  });
  assert.ok(compared > 0.9 * images.length);
});

Deno.test("augment: noise has mean 0 and a deviation per image, at most the strength", async () => {
  const shape = { batch: 8, channels: 1, maskChannels: 1, height: 64, width: 64 };
  const source = { images: new Float32Array(8 * 4096), masks: new Float32Array(8 * 4096) };
  const { images } = await run(shape, { ...NONE, noise: 0.5 }, 1, 1, source);
  const deviations: number[] = [];
  for (let image = 0; image < 8; image++) {
    const values = images.subarray(image * 4096, (image + 1) * 4096);
    const mean = values.reduce((sum, value) => sum + value, 0) / 4096;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4096);
    assertClose([mean], [0], { absolute: 5 * deviation / 64, label: "mean" });
    deviations.push(deviation);
  }
  assert.ok(deviations.every((value) => value < 0.52) && Math.max(...deviations) > 0.25, `${deviations}`);
  assert.equal(new Set(deviations).size, 8);
});

Deno.test("augment: draws depend on seed and step only", async () => {
  const options = STRENGTHS["everything"]!;
  const first = await run(SMALL, options, 5, 6);
  assert.deepEqual(await run(SMALL, options, 5, 6), first);
  assert.notDeepEqual((await run(SMALL, options, 5, 7)).images, first.images);
  assert.notDeepEqual((await run(SMALL, options, 6, 6)).images, first.images);
});

Deno.test("augment: micro-batches and separate bindings repeat the draws of the whole batch", async () => {
  const shape = { ...SMALL, batch: 5 };
  const source = draw(shape);
  const options = STRENGTHS["everything"]!;
  const whole = await run(shape, options, 5, 6, source);
  for (const [microBatch, binding] of [[2, 0], [0, 2], [1, 1]] as const) {
    const first = microBatch + binding;
    const sizes = { images: 3 * 35, masks: 35 };
    const { images, masks } = await runKernel(
      gpu,
      augment({ ...shape, batch: 2 }, 1, options, { firstImage: binding }),
      {
        source_images: source.images.slice(first * sizes.images, (first + 2) * sizes.images),
        source_masks: source.masks.slice(first * sizes.masks, (first + 2) * sizes.masks),
        images: 2 * sizes.images,
        masks: 2 * sizes.masks,
        step: packStep(5, 6, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }, microBatch),
      },
    );
    assert.deepEqual(images, whole.images.slice(first * sizes.images, (first + 2) * sizes.images));
    assert.deepEqual(masks, whole.masks.slice(first * sizes.masks, (first + 2) * sizes.masks));
  }
});

Deno.test("augment: a larger source with the same center shows what lies around the image; outside it is a given value", async () => {
  const shape = { batch: 4, channels: 1, maskChannels: 2, height: 12, width: 9 };
  for (const [title, options] of Object.entries(STRENGTHS)) {
    for (const source of [sourceExtents(shape, options), { height: 14, width: 9 }]) {
      const sources = draw({ ...shape, ...source });
      const size = shape.batch * shape.height * shape.width;
      const { images, masks } = await runKernel(gpu, augment(shape, 2, options, { source, outside: -1 }), {
        source_images: sources.images,
        source_masks: sources.masks,
        images: size,
        masks: 2 * size,
        step: packStep(7, 2, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }),
      });
      const expected = augmentBatch(sources.images, sources.masks, shape, options, 7, 2, {
        source,
        outside: -1,
      });
      assertClose(images, expected.images, { absolute: 1e-4, label: title });
      const wrong = masks.filter((value, index) => value !== expected.masks[index]).length;
      assert.ok(wrong < masks.length / 50, `${title}: ${wrong} masks differ`);
      // The extents for these strengths leave nothing outside.
      if (source.height !== 14) assert.ok(masks.every((value) => value >= 0), title);
    }
  }
});

Deno.test("sourceExtents: grow with rotation, scale and shift, and keep the center", () => {
  const extents = { height: 64, width: 96 };
  assert.deepEqual(sourceExtents(extents, { ...NONE, flipHorizontal: true, noise: 1 }), extents);
  const turned = sourceExtents(extents, { ...NONE, rotation: 180 });
  // Half of each is the half diagonal and a pixel, rounded up.
  assert.deepEqual(turned, { height: 118, width: 118 });
  // A tenth of each side and a pixel on either side, rounded up.
  assert.deepEqual(sourceExtents(extents, { ...NONE, elastic: 0.1 }), { height: 80, width: 118 });
  for (const strength of Object.values(STRENGTHS)) {
    const { height, width } = sourceExtents(extents, strength);
    assert.ok(height >= 64 && width >= 96 && height % 2 === 0 && width % 2 === 0);
  }
});
