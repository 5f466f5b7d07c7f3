/** Adam over 2.1 million parameters, about those of a network with 8 filters, without and with the EMA of the weights. */
import { adamAverageStep, adamStep } from "../../kernels/adam/adam.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 2 ** 21;
const BUFFERS = {
  weights: COUNT,
  gradient: COUNT,
  first_moment: COUNT,
  second_moment: COUNT,
  gradient_scale: 4,
  step: 64,
};

benchKernel("2.1 million parameters", adamStep(COUNT), BUFFERS);
benchKernel("the same with EMA", adamAverageStep(COUNT), { ...BUFFERS, average: COUNT });
