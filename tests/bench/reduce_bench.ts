/** The sums of a bias gradient: 32 channels at 128 x 128, batch 4. */
import { pixelBands } from "../../kernels/bands.ts";
import { channelSums, sumRows, sumRowsBySubgroups } from "../../kernels/reduce/reduce.ts";
import { size } from "../../kernels/shape.ts";
import { benchKernel } from "../support/kernel_bench.ts";

const SHAPE = { batch: 4, channels: 32, height: 128, width: 128 };
const BANDS = pixelBands(SHAPE);

benchKernel("4 x 32 x 128 x 128", channelSums(SHAPE, BANDS, 0), {
  x: size(SHAPE),
  x_vectors: "x",
  partial: 32 * BANDS.total,
});
const ROWS = { rows: 576, length: 256, rowStride: 256, itemStride: 1 };
for (const dispatch of [sumRows(ROWS), sumRowsBySubgroups(ROWS)]) {
  benchKernel("576 rows of 256", dispatch, { partial: 576 * 256, total: 576 });
}
