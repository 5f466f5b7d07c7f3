/** Adam over 2.1 million parameters, about those of a network with 8 filters. */
import { adamStep } from "../../kernels/adam/adam.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 2 ** 21;

benchKernel("2.1 million parameters", adamStep(COUNT), {
  weights: COUNT,
  gradient: COUNT,
  first_moment: COUNT,
  second_moment: COUNT,
  gradient_scale: 4,
  step: 64,
});
