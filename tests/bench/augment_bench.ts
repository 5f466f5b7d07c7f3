/** Augmentation of 32 images of 256 x 256. */
import { augment } from "../../kernels/augment/augment.ts";
import { size } from "../../kernels/shape.ts";
import { EVERY_CHANGE } from "../support/augmentation.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const SHAPE = { batch: 32, channels: 3, height: 256, width: 256 };
const IMAGES = size(SHAPE);
const MASKS = IMAGES / 3;

for (
  const [title, change] of [
    ["", { noise: 0, elastic: 0 }],
    [", with noise", { elastic: 0 }],
    [", with elastic displacement", { noise: 0 }],
  ] as const
) {
  benchKernel(
    `32 x 3 x 256 x 256${title}`,
    augment(SHAPE, 1, { ...EVERY_CHANGE, ...change }),
    {
      source_images: IMAGES,
      source_masks: MASKS,
      images: IMAGES,
      masks: MASKS,
      step: 64,
    },
  );
}
