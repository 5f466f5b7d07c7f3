/** Augmentation of 32 images of 256 x 256. */
import { augment } from "../../kernels/augment/augment.ts";
import { size } from "../../kernels/shape.ts";
import { EVERY_CHANGE } from "../support/augmentation.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const SHAPE = { batch: 32, channels: 3, height: 256, width: 256 };
const IMAGES = size(SHAPE);
const MASKS = IMAGES / 3;

for (const noise of [0, EVERY_CHANGE.noise]) {
  benchKernel(
    `32 x 3 x 256 x 256${noise > 0 ? ", with noise" : ""}`,
    augment(SHAPE, 1, { ...EVERY_CHANGE, noise }),
    {
      source_images: IMAGES,
      source_masks: MASKS,
      images: IMAGES,
      masks: MASKS,
      step: 64,
    },
  );
}
