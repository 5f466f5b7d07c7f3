/** The norm of 2.1 million gradients. */
import { CLIP_BAND, clipScale, gradientSquares } from "../../kernels/clip/clip.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 2 ** 21;
const BANDS = COUNT / CLIP_BAND;

benchKernel("2.1 million gradients", gradientSquares(COUNT, 0), { gradient: COUNT, partial: BANDS });
benchKernel(`${BANDS} bands`, clipScale(BANDS, 1), { partial: BANDS, gradient_scale: 4 });
