import type { Augmentation } from "../../kernels/augment/augment.ts";

/** All transforms together. */
export const EVERY_CHANGE: Augmentation = {
  flipHorizontal: true,
  flipVertical: true,
  rotation: 15,
  scale: 0.1,
  shift: 0.05,
  elastic: 0.05,
  contrast: 0.1,
  brightness: 0.1,
  noise: 0.05,
  gamma: 0.3,
  tone: 0.4,
  bias: 0.2,
  invert: 0.1,
  share: 0.5,
};
