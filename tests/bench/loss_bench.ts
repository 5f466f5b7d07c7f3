/** The loss of 32 masks of 256 x 256. */
import { LOSS_SUMS, lossGradient, lossSums, lossTotal } from "../../kernels/loss/loss.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const COUNT = 32 * 256 * 256;
const BAND = 512;
const BANDS = COUNT / BAND;
const NAME = "32 x 256 x 256";

benchKernel(NAME, lossSums(COUNT, BAND, BANDS, 0), {
  logits: COUNT,
  target_mask: COUNT,
  partial: LOSS_SUMS * BANDS,
});
benchKernel(NAME, lossTotal(BANDS, COUNT), { partial: LOSS_SUMS * BANDS, sums: 4, history: 64, step: 64 });
benchKernel(NAME, lossGradient(COUNT), { logits: COUNT, target_mask: COUNT, sums: 4, gradient: COUNT });
