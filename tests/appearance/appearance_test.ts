import assert from "node:assert/strict";
import { AppearanceJudge, fitAppearance, LEAST_MEASURED, meterOf } from "../../src/appearance/appearance.ts";
import { appearanceOf } from "../../src/appearance/measure_images.ts";
import { grayToRgb } from "../../src/image/draw.ts";
import { normalizeImage } from "../../src/image/normalize.ts";
import { resizeImage } from "../../src/image/resize.ts";
import type { LookName } from "../../src/phantom/looks.ts";
import { drawPhantomSlice } from "../../src/phantom/slice.ts";
import type { Tensor } from "../../src/tensor.ts";
import { isModelAppearance } from "../../src/unet/model_appearance.ts";
import { type Model, packModel, readModel } from "../../src/unet/model_format.ts";
import { smallModel } from "../support/small_model.ts";

const SIZE = 64;

/** A model with random weights, as the encoder's first level is before training. */
function model(norm: "none" | "instance", normalize: "imagenet" | "picture", filters = 4): Model {
  return smallModel({ filters, norm }, { size: SIZE, normalize });
}

function input(seed: number, looks: LookName[], { description: { normalize } }: Model): Tensor {
  const { image } = drawPhantomSlice(seed, SIZE, looks);
  return normalizeImage(resizeImage(grayToRgb(image), image), normalize);
}

/** Mean and deviation of the second convolution of `down1` at the points of the grid, by plain loops over all pixels. */
function encoderByLoops({ state, description: { network } }: Model, { data }: Tensor): number[] {
  const get = (name: string) => state.get(`down1.${name}`)!.data;
  const points = Array.from({ length: 24 }, (_, i) => Math.floor((i + 0.5) * SIZE / 24));
  const convolve = (planes: Float64Array[], weight: Float32Array, bias: Float32Array) =>
    Array.from({ length: bias.length }, (_, output) =>
      Float64Array.from({ length: SIZE * SIZE }, (_, at) => {
        const [y, x] = [Math.floor(at / SIZE), at % SIZE];
        let sum = bias[output]!;
        for (let channel = 0; channel < planes.length; channel++) {
          for (let tap = 0; tap < 9; tap++) {
            const [row, column] = [y + Math.floor(tap / 3) - 1, x + tap % 3 - 1];
            if (row < 0 || row >= SIZE || column < 0 || column >= SIZE) continue;
            sum += weight[(output * planes.length + channel) * 9 + tap]! *
              planes[channel]![row * SIZE + column]!;
          }
        }
        return sum;
      }));
  const images = [0, 1, 2].map((channel) =>
    Float64Array.from(data.subarray(channel * SIZE * SIZE, (channel + 1) * SIZE * SIZE))
  );
  assert.equal(network.norm, "none");
  const hidden = convolve(images, get("conv1.weight"), get("conv1.bias"))
    .map((plane) => plane.map((value) => Math.max(0, value)));
  const planes = convolve(hidden, get("conv2.weight"), get("conv2.bias"));
  const values = planes.map((plane) => points.flatMap((y) => points.map((x) => plane[y * SIZE + x]!)));
  const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const means = values.map(mean);
  const deviations = values.map((list, i) => Math.sqrt(mean(list.map((value) => (value - means[i]!) ** 2))));
  return [...means, ...deviations];
}

Deno.test("FeatureMeter: the encoder's statistics are those of plain loops over the whole image", () => {
  const plain = model("none", "imagenet");
  const image = input(1, [], plain);
  const { encoder } = meterOf(plain).measure(image);
  const expected = encoderByLoops(plain, image);
  assert.equal(encoder.length, 8);
  encoder.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-9, `${i}: ${value}`));
});

Deno.test("FeatureMeter: the histogram's shares add up, and a gray image has no color", () => {
  for (const normalize of ["imagenet", "picture"] as const) {
    const plain = model("none", normalize);
    const { intensities } = meterOf(plain).measure(input(2, [], plain));
    assert.equal(intensities.length, 62);
    const shares = intensities.slice(0, 60).map((value) => value ** 2);
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
    assert.ok(intensities.slice(60).every((color) => color < 1e-6));
  }
});

Deno.test("FeatureMeter: more channels than are measured are spread over all; any size of input", () => {
  const wide = model("none", "picture", 20);
  assert.equal(meterOf(wide).measure(input(1, [], wide)).encoder.length, 32);
  const odd = { shape: [3, 32, 96], data: new Float32Array(3 * 32 * 96).fill(0.5) };
  assert.ok(meterOf(wide).measure(odd).encoder.every(Number.isFinite));
});

for (const [norm, normalize] of [["none", "imagenet"], ["instance", "picture"]] as const) {
  Deno.test(`AppearanceJudge: tells other looks from the training images (norm ${norm}, ${normalize})`, async () => {
    const bare = model(norm, normalize);
    const of = (from: number, count: number, looks: LookName[]) =>
      Array.from({ length: count }, (_, i) => input(from + i, looks, bare));
    const appearance = appearanceOf(bare, of(0, 40, ["t1"]), of(100, 10, ["t1"]))!;
    assert.equal(appearance.images, 40);
    assert.ok(JSON.stringify(appearance).length < 20_000);
    // Through the file, as prediction does.
    const described = { ...bare, description: { ...bare.description, appearance } };
    const judge = AppearanceJudge.of(await readModel(packModel(described)))!;
    const distances = (looks: LookName[]) =>
      of(200, 10, looks).map((image) => judge.judge(image).distance).sort((a, b) => a - b);
    const usual = distances(["t1"]);
    assert.ok(usual.filter((distance) => distance > 1).length <= 2, `${usual}`);
    for (const look of ["t2", "flair", "ct"] as const) {
      const others = distances([look]);
      const wins = others.flatMap((other) => usual.filter((one) => other > one)).length;
      assert.ok(wins / 100 >= 0.9, `${look}: AUROC ${wins / 100}`);
    }
  });
}

Deno.test("AppearanceJudge: null for a model whose file keeps no appearance", () => {
  assert.equal(AppearanceJudge.of(model("none", "imagenet")), null);
});

Deno.test("fitAppearance: null for too few images, bounded for copies of one", () => {
  const plain = model("none", "imagenet");
  const features = meterOf(plain).measure(input(1, [], plain));
  const copies = (count: number) => Array.from({ length: count }, () => features);
  assert.equal(fitAppearance(copies(LEAST_MEASURED - 1)), null);
  assert.ok(isModelAppearance(fitAppearance(copies(LEAST_MEASURED))));
});

Deno.test("readModel: refuses an appearance that is damaged", async () => {
  const plain = model("none", "imagenet");
  const images = Array.from({ length: 16 }, (_, i) => input(i, [], plain));
  const appearance = appearanceOf(plain, images, [])!;
  const { space } = appearance;
  for (
    const wrong of [
      { ...appearance, space: space.slice(4) },
      { ...appearance, space: `!${space.slice(1)}` },
      { ...appearance, features: appearance.features + 1 },
      { ...appearance, features: 1e9 },
      { ...appearance, threshold: 0 },
      { ...appearance, quantile: 1 },
      // The first deviation becomes NaN.
      {
        ...appearance,
        space: (() => {
          const bytes = Uint8Array.fromBase64(space);
          bytes.fill(255, 4 * appearance.features, 4 * appearance.features + 4);
          return bytes.toBase64();
        })(),
      },
    ]
  ) {
    const bytes = packModel({ ...plain, description: { ...plain.description, appearance: wrong } });
    await assert.rejects(readModel(bytes), /Cannot read the model: its appearance is/);
  }
});
