/** Augmentation of 32 pictures of 256 x 256. */
import { augment } from "../../kernels/augment/augment.ts";
import { size } from "../../kernels/shape.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const SHAPE = { batch: 32, channels: 3, height: 256, width: 256 };
const IMAGES = size(SHAPE);
const MASKS = IMAGES / 3;
const OPTIONS = {
  flipHorizontal: true,
  flipVertical: true,
  rotation: 15,
  scale: 0.1,
  shift: 0.05,
  contrast: 0.1,
  brightness: 0.1,
  noise: 0.05,
};

for (const noise of [0, OPTIONS.noise]) {
  benchKernel(
    `32 x 3 x 256 x 256${noise > 0 ? ", with noise" : ""}`,
    augment(SHAPE, 1, { ...OPTIONS, noise }),
    {
      source_images: IMAGES,
      source_masks: MASKS,
      images: IMAGES,
      masks: MASKS,
      step: 64,
    },
  );
}
