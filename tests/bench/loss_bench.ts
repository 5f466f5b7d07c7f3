/** The loss of 32 masks of 256 x 256. */
import { recordSize } from "../../kernels/loss/definition.ts";
import {
  BATCH_SUMS,
  LOSS_SUMS,
  lossBands,
  lossGradient,
  lossSums,
  lossTotal,
} from "../../kernels/loss/loss.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 32 * 256 * 256;
const BANDS = lossBands(32, 256 * 256);
const NAME = "32 x 256 x 256";

benchKernel(NAME, lossSums(32, 256 * 256, BANDS), {
  logits: COUNT,
  target_mask: COUNT,
  partial: LOSS_SUMS * BANDS.total,
  step: 64,
});
benchKernel(NAME, lossTotal(BANDS.total, COUNT), {
  partial: LOSS_SUMS * BANDS.total,
  sums: BATCH_SUMS,
  history: recordSize(1),
  step: 64,
});
benchKernel(NAME, lossGradient(32, 256 * 256), {
  logits: COUNT,
  target_mask: COUNT,
  sums: BATCH_SUMS,
  gradient: COUNT,
});
