/** Kernels that finish a gradient add it to that of earlier micro-batches, or overwrite uninitialized memory. */
import { type Accumulation, REPLACE } from "../../kernels/accumulation.ts";
import { winogradWeightGrad } from "../../kernels/conv2d/winograd.ts";
import { gemmNn, gemmTiled } from "../../kernels/gemm/gemm.ts";
import { normBackwardSums } from "../../kernels/instance_norm/instance_norm.ts";
import type { Dispatch } from "../../kernels/kernel.ts";
import { pixelBands } from "../../kernels/bands.ts";
import { channelTotals, sumRows, sumRowsBySubgroups } from "../../kernels/reduce/reduce.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

interface Case {
  dispatch: (accumulation?: Accumulation) => Dispatch;
  inputs: Record<string, Float32Array>;
  /** Lengths of the bindings that sums go to. */
  outputs: Record<string, number>;
  /** Lengths of the other bindings that are written. */
  others?: Record<string, number>;
}

const random = new Random(1);
const ROWS = { rows: 70, length: 5, rowStride: 5, itemStride: 1 };
const MAPS = { batch: 2, channels: 3, height: 4, width: 4 };
const BLOCK = { first: 0, used: 2, padded: 16 };
const x = random.floats(96);

const CASES: Record<string, Case> = {
  "reduce/rows": {
    dispatch: (accumulation) => sumRows({ ...ROWS, ...(accumulation ? { accumulation } : {}) }),
    inputs: { partial: random.floats(350) },
    outputs: { total: 70 },
  },
  "reduce/channel_totals": {
    dispatch: (accumulation) => channelTotals(MAPS, accumulation),
    inputs: { x, x_vectors: x },
    outputs: { total: 3 },
  },
  "gemm/nn": {
    dispatch: (accumulation) =>
      gemmNn({ rows: 16, columns: 16, depth: 3, layers: 1 }, undefined, accumulation),
    inputs: { a: random.floats(48), b: random.floats(48) },
    outputs: { c: 256 },
  },
  "gemm/tiled": {
    dispatch: (accumulation) =>
      gemmTiled("tiled", { rows: 16, columns: 16, depth: 3, layers: 1 }, undefined, accumulation),
    inputs: { a: random.floats(48), b: random.floats(48) },
    outputs: { c: 256 },
  },
  "instance_norm/backward_sums": {
    dispatch: (accumulation) => normBackwardSums(MAPS, pixelBands(MAPS), accumulation),
    inputs: { partial: random.floats(12 * pixelBands(MAPS).perImage) },
    outputs: { grad_weight: 3, grad_bias: 3 },
    others: { sums: 12 },
  },
};
for (const [side, pairs] of [[2, false], [4, false], [4, true]] as const) {
  CASES[`conv2d/winograd${side}_weight_grad${pairs ? "_pairs" : ""}`] = {
    dispatch: (accumulation) => winogradWeightGrad(side, { inputs: 3 }, BLOCK, 16, 2, accumulation, pairs),
    inputs: { partial: random.floats(2 * (side + 2) ** 2 * 16 * 16) },
    outputs: { total: 2 * 3 * 9 },
  };
}
if (gpu.has("subgroups")) {
  CASES["reduce/rows_subgroup"] = {
    ...CASES["reduce/rows"]!,
    dispatch: (accumulation) => sumRowsBySubgroups({ ...ROWS, ...(accumulation ? { accumulation } : {}) }),
  };
}

for (const [name, { dispatch, inputs, outputs, others = {} }] of Object.entries(CASES)) {
  Deno.test(`${name}: overwrites an existing value, even NaN, or adds to it with a factor`, async () => {
    const run = async (
      accumulation: Accumulation | undefined,
      before: (count: number) => Float32Array,
    ) => {
      const filled = Object.fromEntries(Object.entries(outputs).map(([key, count]) => [key, before(count)]));
      return {
        filled,
        result: await runKernel(gpu, dispatch(accumulation), { ...inputs, ...filled, ...others }),
      };
    };
    const nans = (count: number) => new Float32Array(count).fill(NaN);
    const plain = await run(undefined, nans);
    const replaced = await run(REPLACE, nans);
    const added = await run({ keep: true, scale: 0.25 }, (count) => random.floats(count));
    for (const key of Object.keys(outputs)) {
      const sums = plain.result[key]!;
      assertClose(replaced.result[key]!, sums, { label: `${key}, overwritten` });
      const expected = sums.map((sum, index) => added.filled[key]![index]! + 0.25 * sum);
      assertClose(added.result[key]!, expected, { absolute: 1e-6, label: `${key}, added` });
    }
  });
}
