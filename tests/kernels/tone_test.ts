import assert from "node:assert/strict";
import { packStep } from "../../kernels/adam/adam.ts";
import { type Augmentation, changesTone, toneChange } from "../../kernels/augment/augment.ts";
import { parseAugmentation } from "../../src/training/augmentation.ts";
import { ADAM_DEFAULTS } from "../reference/adam.ts";
import { changeTones } from "../reference/augment.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const SHAPE = { batch: 8, channels: 2, height: 9, width: 13 };
const PIXELS = SHAPE.channels * SHAPE.height * SHAPE.width;

const images = new Random(4).floats(SHAPE.batch * PIXELS, -3, 5);

async function run(text: string, seed = 7, step = 2, firstImage = 0, shape = SHAPE): Promise<Float32Array> {
  const { images: changed } = await runKernel(
    gpu,
    toneChange(shape, parseAugmentation(text) as Augmentation, firstImage),
    {
      images: images.slice(firstImage * PIXELS, (firstImage + shape.batch) * PIXELS),
      step: packStep(seed, step, 1, 0, { ...ADAM_DEFAULTS, weightDecay: 0 }),
    },
  );
  return changed;
}

for (
  const text of [
    "gamma=1",
    "tone=0.95",
    "bias=0.7",
    "invert=0.5",
    "gamma=3,tone=0.9,bias=1,invert=0.5,share=0.6",
  ]
) {
  Deno.test(`toneChange: ${text} equals the reference`, async () => {
    const expected = changeTones(images, SHAPE, parseAugmentation(text) as Augmentation, 7, 2);
    assertClose(await run(text), expected, { absolute: 1e-4, relative: 1e-4, label: "images" });
  });
}

Deno.test("toneChange: a share of images changes, whole; values keep their order or are all inverted", async () => {
  const changed = await run("gamma=1,tone=0.95,invert=0.5,share=0.5");
  const signs = Array.from({ length: SHAPE.batch }, (_, image) => {
    const [from, to] = [image * PIXELS, (image + 1) * PIXELS];
    const before = images.subarray(from, to);
    const after = changed.subarray(from, to);
    if (before.every((value, index) => value === after[index])) return 0;
    const order = Array.from(before.keys()).sort((a, b) => before[a]! - before[b]!);
    const rises = order.slice(1).map((place, index) => after[place]! - after[order[index]!]!);
    assert.ok(rises.every((rise) => rise >= -1e-5) || rises.every((rise) => rise <= 1e-5), `image ${image}`);
    return Math.sign(rises.reduce((sum, rise) => sum + rise, 0));
  });
  assert.deepEqual([...new Set(signs)].sort(), [-1, 0, 1]);
});

Deno.test("toneChange: draws follow the place in the batch, not where it is split", async () => {
  const text = "gamma=1,tone=0.5,bias=0.5,invert=0.5,share=0.7";
  const rest = await run(text, 7, 2, 3, { ...SHAPE, batch: 5 });
  assert.deepEqual(rest, (await run(text)).slice(3 * PIXELS));
  assert.notDeepEqual(await run(text, 7, 3), await run(text));
  assert.notDeepEqual(await run(text, 8), await run(text));
});

Deno.test("changesTone: only if one of its strengths and the share are above 0", () => {
  const changes = (text: string) => changesTone(parseAugmentation(text) as Augmentation);
  assert.deepEqual(["light", "tone=0", "gamma=0.1", "invert=0.2,share=0"].map(changes), [
    false,
    false,
    true,
    false,
  ]);
});
