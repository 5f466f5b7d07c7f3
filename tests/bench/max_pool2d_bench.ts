/** Pooling of 32 channels from 128 x 128, batch 4. */
import { maxPoolBackward, maxPoolForward } from "../../kernels/max_pool2d/max_pool2d.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const PLANES = { height: 64, width: 64, count: 128 };
const Y = 128 * 64 * 64;

for (const normalized of [false, true]) {
  const name = `128 planes from 128 x 128${normalized ? ", normalized" : ""}`;
  benchKernel(name, maxPoolForward(PLANES, normalized), { x: 4 * Y, affine: 256, y: Y });
  benchKernel(name, maxPoolBackward(PLANES, normalized), {
    x: 4 * Y,
    affine: 256,
    gradient: Y,
    grad_input: 4 * Y,
  });
}
