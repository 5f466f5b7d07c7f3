/** Dropout of the original's bottleneck: 1,024 channels at 8 x 8, batch 32. */
import { dropoutForward } from "../../kernels/dropout/dropout.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const PLANES = { pixels: 64, count: 32 * 1024, firstElement: 0, imageElements: 64 * 1024 };
const X = 64 * PLANES.count;

benchKernel("32 x 1024 x 8 x 8", dropoutForward(PLANES, 0.4, false), { x: X, affine: 4, y: X, step: 64 });
