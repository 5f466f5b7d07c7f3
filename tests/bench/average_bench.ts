/** Accumulation of 2.1 million gradients, and the EMA of as many weights. */
import { STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { emaUpdate, weightedSum } from "../../kernels/average/average.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 2 ** 21;

benchKernel("2.1 million gradients", weightedSum(COUNT, 1, 0.25), { value: COUNT, total: COUNT });
benchKernel("2.1 million weights", emaUpdate(COUNT), {
  value: COUNT,
  total: COUNT,
  step: STEP_BYTE_LENGTH / 4,
});
