/** The calibration kernel: multiply-adds in registers, the peak of the adapter in WGSL. */
import { multiplyAdd, multiplyAddOperations } from "../../kernels/probe/multiply_add.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const [INVOCATIONS, ROUNDS] = [2 ** 16, 500];

benchKernel(
  "multiply-adds",
  multiplyAdd(INVOCATIONS, ROUNDS),
  { out: INVOCATIONS },
  multiplyAddOperations(INVOCATIONS, ROUNDS),
);
