/** Normalization of 32 channels at 128 x 128, batch 4. */
import { pixelBands } from "../../kernels/bands.ts";
import {
  normAffine,
  normBackward,
  normBackwardBands,
  normBackwardSums,
  normBands,
} from "../../kernels/instance_norm/instance_norm.ts";
import { size } from "../../kernels/shape.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const SHAPE = { batch: 4, channels: 32, height: 128, width: 128 };
const Z = size(SHAPE);
const BANDS = pixelBands(SHAPE);
const PLANES = { pixels: 128 * 128, first: 0, count: 128 };
const PARTIAL = 2 * 128 * BANDS.perImage;
const NAME = "4 x 32 x 128 x 128";

benchKernel(NAME, normBands(PLANES, BANDS), { z: Z, z_vectors: "z", partial: PARTIAL });
benchKernel(NAME, normAffine(SHAPE, BANDS), {
  partial: PARTIAL,
  weight: 32,
  bias: 32,
  statistics: 256,
  affine: 256,
});
benchKernel(NAME, normBackwardBands(PLANES, BANDS), {
  z: Z,
  z_vectors: "z",
  gradient: Z,
  gradient_vectors: "gradient",
  statistics: 256,
  partial: PARTIAL,
});
benchKernel(NAME, normBackwardSums(SHAPE, BANDS), {
  partial: PARTIAL,
  sums: 256,
  grad_weight: 32,
  grad_bias: 32,
});
benchKernel(NAME, normBackward(PLANES), { z: Z, statistics: 256, affine: 256, sums: 256, gradient: Z });
