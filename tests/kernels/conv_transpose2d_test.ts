import assert from "node:assert/strict";
import {
  packColumns,
  packWeights,
  shuffleOutput,
  unpackGradient,
  unshuffleGradient,
} from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import { COLUMN_TILE, gemmNn, gemmNnUniform, ROW_TILE } from "../../kernels/gemm/gemm.ts";
import { MAX_WORKGROUPS, roundUp } from "../../kernels/grid.ts";
import { sumRows } from "../../kernels/reduce/reduce.ts";
import {
  convTranspose2dDgrad,
  convTranspose2dForward,
  type ConvTranspose2dShape,
  convTranspose2dWgrad,
} from "../reference/conv_transpose2d.ts";
import { absolutes, assertClose, sumTolerances } from "../support/compare.ts";
import { affineOf, normalized, scaled } from "../support/normalized.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const NOTHING = new Float32Array(4);

/** Pixels that are summed in one slice of the weight gradient. */
const SLICE = 20;

/** Batch, channels in and out, height, width. */
const SHAPES = [[1, 1, 1, 1, 1], [2, 3, 5, 3, 5], [1, 5, 4, 4, 17], [2, 64, 3, 4, 2]] as const;

function columnsOf({ batch, height, width }: ConvTranspose2dShape) {
  const count = batch * height * width;
  return { height, width, count, stride: roundUp(count, COLUMN_TILE) };
}

async function forward(
  shape: ConvTranspose2dShape,
  x: Float32Array,
  affine: Float32Array | undefined,
  w: Float32Array,
  bias: Float32Array,
): Promise<Float32Array> {
  const { inChannels: inputs, outChannels: outputs } = shape;
  const columns = columnsOf(shape);
  const rows = roundUp(4 * outputs, ROW_TILE);
  const left = await runKernel(gpu, packWeights({ inputs, outputs }, rows, false), {
    w,
    packed: inputs * rows,
  });
  const right = await runKernel(gpu, packColumns(columns, inputs, affine !== undefined), {
    x,
    affine: affine ?? NOTHING,
    packed: inputs * columns.stride,
  });
  const product = { rows, columns: columns.stride, depth: inputs, layers: 1 };
  const { c } = await runKernel(gpu, gemmNnUniform(product, 0), {
    a: left.packed,
    b: right.packed,
    c: rows * columns.stride,
  });
  const operands = { m: c, bias, y: columns.count * outputs * 4 };
  return (await runKernel(gpu, shuffleOutput(columns, outputs), operands)).y;
}

async function inputGradient(
  shape: ConvTranspose2dShape,
  gradient: Float32Array,
  w: Float32Array,
  gate: "none" | "activation" | "normalized",
  x: Float32Array,
  affine: Float32Array,
  scale: number,
): Promise<Float32Array> {
  const { inChannels: inputs, outChannels: outputs } = shape;
  const columns = columnsOf(shape);
  const rows = roundUp(inputs, ROW_TILE);
  const left = await runKernel(gpu, packWeights({ inputs, outputs }, rows, true), {
    w,
    packed: 4 * outputs * rows,
  });
  const right = await runKernel(gpu, unshuffleGradient(columns, outputs), {
    gradient,
    packed: 4 * outputs * columns.stride,
  });
  const product = { rows, columns: columns.stride, depth: 4 * outputs, layers: 1 };
  const { c } = await runKernel(gpu, gemmNn(product), {
    a: left.packed,
    b: right.packed,
    c: rows * columns.stride,
  });
  const operands = { m: c, gate: x, gate_affine: affine, gradient: x.length };
  return (await runKernel(gpu, unpackGradient(columns, inputs, { gate }, scale), operands)).gradient;
}

async function weightGradient(
  shape: ConvTranspose2dShape,
  x: Float32Array,
  affine: Float32Array | undefined,
  gradient: Float32Array,
): Promise<Float32Array> {
  const { inChannels: inputs, outChannels: outputs } = shape;
  const columns = columnsOf(shape);
  const rows = roundUp(inputs, ROW_TILE);
  const width = roundUp(4 * outputs, COLUMN_TILE);
  // Padding channels are never written: what they hold must not reach the result.
  const left = await runKernel(gpu, packColumns(columns, inputs, affine !== undefined, rows), {
    x,
    affine: affine ?? NOTHING,
    packed: new Float32Array(rows * columns.stride).fill(1e30),
  });
  const right = await runKernel(gpu, unshuffleGradient(columns, outputs, width), {
    gradient,
    packed: new Float32Array(width * columns.stride).fill(1e30),
  });
  const slices = Math.ceil(columns.stride / SLICE);
  const product = { rows, columns: width, depth: columns.stride, layers: 1 };
  const { c } = await runKernel(gpu, gemmNn(product, { depth: SLICE, count: slices, first: 0 }), {
    a: left.packed,
    b: right.packed,
    c: slices * rows * width,
  });
  const sums = sumRows({
    rows: inputs * 4 * outputs,
    length: slices,
    group: 4 * outputs,
    groupStride: width,
    rowStride: 1,
    itemStride: rows * width,
  });
  return (await runKernel(gpu, sums, { partial: c, total: inputs * 4 * outputs })).total;
}

for (const [batch, inChannels, outChannels, height, width] of SHAPES) {
  const shape = { batch, inChannels, outChannels, height, width };
  const title = `${batch} x ${inChannels} x ${height} x ${width} to ${outChannels}`;
  const draw = () => {
    const random = new Random(inChannels + width);
    const x = random.floats(batch * inChannels * height * width);
    return {
      x,
      affine: affineOf(random, batch * inChannels),
      w: random.floats(inChannels * outChannels * 4),
      bias: random.floats(outChannels),
      gradient: random.floats(batch * outChannels * height * width * 4),
    };
  };

  for (const isNormalized of [false, true]) {
    const suffix = isNormalized ? ", normalised" : "";
    Deno.test(`conv_transpose2d forward: ${title}${suffix}`, async () => {
      const { x, affine, w, bias } = draw();
      const values = isNormalized ? normalized(x, affine) : x;
      const y = await forward(shape, x, isNormalized ? affine : undefined, w, bias);
      const sums = convTranspose2dForward(absolutes(values), absolutes(w), absolutes(bias), shape);
      const absolute = sumTolerances(inChannels + 1, sums);
      assertClose(y, convTranspose2dForward(values, w, bias, shape), { absolute, label: "y" });
    });

    Deno.test(`conv_transpose2d weight gradient: ${title}${suffix}`, async () => {
      const { x, affine, gradient } = draw();
      const values = isNormalized ? normalized(x, affine) : x;
      const result = await weightGradient(shape, x, isNormalized ? affine : undefined, gradient);
      const sums = convTranspose2dWgrad(absolutes(values), absolutes(gradient), shape);
      const absolute = sumTolerances(batch * height * width, sums);
      assertClose(result, convTranspose2dWgrad(values, gradient, shape), { absolute, label: "weight" });
    });
  }

  for (const [gate, scale] of [["none", 1], ["activation", 1 / 0.6], ["normalized", 1]] as const) {
    Deno.test(`conv_transpose2d input gradient: ${title}, gate ${gate}`, async () => {
      const { x, affine, w, gradient } = draw();
      const result = await inputGradient(shape, gradient, w, gate, x, affine, scale);
      const open = gate === "normalized" ? scaled(x, affine) : x;
      const expected = convTranspose2dDgrad(gradient, w, shape).map((value, index) =>
        gate === "none" || open[index]! > 0 ? scale * value : 0
      );
      const sums = convTranspose2dDgrad(absolutes(gradient), absolutes(w), shape);
      const absolute = sumTolerances(4 * outChannels + 1, sums.map((sum) => scale * sum));
      assertClose(result, expected, { absolute, label: "input" });
    });
  }
}

Deno.test("conv_transpose2d: more columns than one dimension has workgroups", async () => {
  const columns = {
    height: 1,
    width: MAX_WORKGROUPS + 1,
    count: MAX_WORKGROUPS + 1,
    stride: MAX_WORKGROUPS + 17,
  };
  const x = new Random(1).floats(columns.count);
  const { packed } = await runKernel(gpu, packColumns(columns, 1, false, 1), {
    x,
    affine: NOTHING,
    packed: columns.stride,
  });
  assert.deepEqual(packed.subarray(0, columns.count), x);
  assert.ok(packed.subarray(columns.count).every((value) => value === 0));
  const gradient = new Random(2).floats(4 * columns.count);
  const gathered = await runKernel(gpu, unshuffleGradient(columns, 1, 4), {
    gradient,
    packed: 4 * columns.stride,
  });
  const expected = gradient.map((_, index) => {
    const [column, tap] = [Math.floor(index / 4), index % 4];
    return gradient[(tap >> 1) * 2 * columns.width + 2 * column + tap % 2]!;
  });
  assert.deepEqual(gathered.packed.subarray(0, expected.length), expected);
});
