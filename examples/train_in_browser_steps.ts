/**
 * Ten training steps on phantoms, for `train_in_browser.ts`: the same text runs in Deno and in the page.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  annotationMask,
  drawPhantomSlice,
  type Gpu,
  grayToRgb,
  normalizeImage,
  resizeImage,
  type RgbImage,
  type Tensor,
  Trainer,
  UNet,
} from "../src/entries/browser.ts";

const SIZE = 64;
const COUNT = 4;
const STEPS = 10;

/** Trains, and calls with the loss before each step. Nothing random depends on the runtime: dropout and augmentation are off. */
export async function trainSteps(gpu: Gpu, onStep: (loss: number) => void): Promise<void> {
  const slices = Array.from({ length: COUNT }, (_, seed) => drawPhantomSlice(seed, SIZE));
  const images = stack(slices.map(({ image }) => inputOf(grayToRgb(image))));
  const masks = stack(slices.map(({ outlines }) => {
    const segmentation = outlines.map((outline) => [...outline]);
    const mask = annotationMask({ segmentation }, { width: SIZE, height: SIZE });
    return { shape: [1, SIZE, SIZE], data: Float32Array.from(mask.data) };
  }));
  const unet = await UNet.create(gpu, { filters: 4, dropout: 0, norm: "instance" }, { seed: 1 });
  const trainer = await Trainer.create(unet, { learningRate: 4e-3 });
  for (let step = 0; step < STEPS; step++) onStep((await trainer.step(images, masks)).loss);
}

function inputOf(image: RgbImage): Tensor {
  return normalizeImage(resizeImage(image, { width: SIZE, height: SIZE }));
}

/** Joins tensors of one image each to a batch [N, C, H, W]. */
function stack(tensors: readonly Tensor[]): Tensor {
  const data = new Float32Array(tensors.flatMap((tensor) => [...tensor.data]));
  return { shape: [tensors.length, ...tensors[0]!.shape], data };
}
