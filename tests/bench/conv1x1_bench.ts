/** The last layer: 32 channels to one at 128 x 128, batch 4. */
import { pixelBands } from "../../kernels/bands.ts";
import { conv1x1Dgrad, conv1x1Forward, conv1x1Wgrad } from "../../kernels/conv1x1/conv1x1.ts";
import { size } from "../../kernels/shape.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const SHAPE = { batch: 4, channels: 32, height: 128, width: 128 };
const X = size(SHAPE);
const Y = X / 32;
const BANDS = pixelBands(SHAPE);
const AFFINE = 2 * 4 * 32;

benchKernel("32 to 1", conv1x1Forward(SHAPE, 1, false), { x: X, affine: AFFINE, w: 32, bias: 4, y: Y });
benchKernel("32 to 1, normalized", conv1x1Forward(SHAPE, 1, true), {
  x: X,
  affine: AFFINE,
  w: 32,
  bias: 4,
  y: Y,
});
benchKernel("32 to 1", conv1x1Dgrad(SHAPE, 1, { gate: "activation" }), {
  gradient: Y,
  w: 32,
  gate: X,
  gate_affine: AFFINE,
  grad_input: X,
});
benchKernel("32 to 1", conv1x1Wgrad(SHAPE, 1, BANDS, 0, false), {
  x: X,
  affine: AFFINE,
  gradient: Y,
  partial: 32 * BANDS.total,
});
