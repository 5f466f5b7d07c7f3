/** The moving average of 2.1 million weights. */
import { weightedSum } from "../../kernels/average/average.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 2 ** 21;

benchKernel("2.1 million weights", weightedSum(COUNT, 0.999, 0.001), { value: COUNT, total: COUNT });
