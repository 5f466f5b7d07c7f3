/** Accumulation of 2.1 million gradients. */
import { weightedSum } from "../../kernels/average/average.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 2 ** 21;

benchKernel("2.1 million gradients", weightedSum(COUNT, 1, 0.25), { value: COUNT, total: COUNT });
