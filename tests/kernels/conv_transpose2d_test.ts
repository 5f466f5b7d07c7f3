import assert from "node:assert/strict";
import {
  bandCount,
  convTranspose2dDgrad,
  convTranspose2dForward,
  convTranspose2dWgrad,
  readsTransposed,
  transposeBands,
  type TransposeForm,
} from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import { subgroupServes } from "../../kernels/conv_transpose2d/subgroup.ts";
import { sumRows } from "../../kernels/reduce/reduce.ts";
import {
  convTranspose2dDgrad as referenceDgrad,
  convTranspose2dForward as referenceForward,
  type ConvTranspose2dShape,
  convTranspose2dWgrad as referenceWgrad,
} from "../reference/conv_transpose2d.ts";
import { absolutes, assertClose, sumTolerances } from "../support/compare.ts";
import { affineOf, normalized, scaled } from "../support/normalized.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const NOTHING = new Float32Array(4);

/** The forms of this device's subgroups. A workgroup of 4 takes half of a subgroup of 8. */
const SUBGROUP_FORMS = gpu.has("subgroups of 8")
  ? ["subgroup", "subgroup4"] as const
  : gpu.has("subgroups of 4")
  ? ["subgroup4"] as const
  : [];

/** Batch, channels in and out, height, width: widths that are multiples of 4 and others, one tile and one tile plus. */
const SHAPES = [
  [1, 1, 1, 1, 1],
  [2, 3, 5, 3, 5],
  [1, 5, 4, 4, 17],
  [2, 64, 3, 4, 2],
  [3, 9, 5, 1, 4],
  [2, 3, 2, 5, 8],
  [1, 64, 3, 6, 12],
  [5, 8, 1, 4, 4],
  // Even widths, and channels that are multiples of 4: for subgroups, one tile plus and tiles of both sizes.
  [2, 36, 18, 3, 14],
  [3, 16, 8, 2, 2],
  [1, 12, 3, 5, 6],
  // One tile plus in rows, columns and sums of each direction.
  [2, 70, 18, 4, 20],
] as const;

/** In registers, through workgroup memory if rows are whole vectors, and by subgroups if the device has them. */
function formsOf(channels: number, width: number): TransposeForm[] {
  const input = { batch: 1, channels, height: 1, width };
  return [
    "registers",
    ...(width % 4 === 0 ? ["shared"] as const : []),
    ...(subgroupServes(input) ? SUBGROUP_FORMS : []),
  ];
}

function inputOf({ batch, inChannels, height, width }: ConvTranspose2dShape) {
  return { batch, channels: inChannels, height, width };
}

async function forward(
  shape: ConvTranspose2dShape,
  x: Float32Array,
  affine: Float32Array | undefined,
  w: Float32Array,
  bias: Float32Array,
  form: TransposeForm,
): Promise<Float32Array> {
  const dispatch = convTranspose2dForward(inputOf(shape), shape.outChannels, affine !== undefined, form);
  const y = shape.batch * shape.outChannels * shape.height * shape.width * 4;
  return (await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, w, bias, y })).y;
}

async function inputGradient(
  shape: ConvTranspose2dShape,
  gradient: Float32Array,
  w: Float32Array,
  gate: "none" | "activation" | "normalized",
  x: Float32Array,
  affine: Float32Array,
  scale: number,
  form: TransposeForm,
): Promise<Float32Array> {
  const dispatch = convTranspose2dDgrad(inputOf(shape), shape.outChannels, { gate }, scale, form);
  const operands = { gradient, gate: x, gate_affine: affine, grad_input: x.length };
  if (!readsTransposed(form, inputOf(shape))) {
    return (await runKernel(gpu, dispatch, { ...operands, w })).grad_input;
  }
  const w_transposed = transposedMatrix(w, shape.inChannels);
  return (await runKernel(gpu, dispatch, { ...operands, w_transposed })).grad_input;
}

/** Rows and columns of a matrix of `rows` rows swapped. */
function transposedMatrix(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  return values.map((_, index) => values[index % rows * columns + Math.floor(index / rows)]!);
}

async function weightGradient(
  shape: ConvTranspose2dShape,
  x: Float32Array,
  affine: Float32Array | undefined,
  gradient: Float32Array,
  form: TransposeForm,
  bands = transposeBands(inputOf(shape), shape.outChannels, form, 64),
): Promise<Float32Array> {
  const count = bandCount(bands, shape.batch);
  const rows = shape.inChannels * shape.outChannels * 4;
  const input = inputOf(shape);
  const dispatch = convTranspose2dWgrad(input, shape.outChannels, affine !== undefined, bands, 0, form);
  const operands = { x, affine: affine ?? NOTHING, gradient, partial: rows * count };
  const { partial } = await runKernel(gpu, dispatch, operands);
  const sums = sumRows({ rows, length: count, rowStride: 1, itemStride: rows });
  return (await runKernel(gpu, sums, { partial, total: rows })).total;
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

  for (
    const [form, isNormalized] of formsOf(inChannels, width).flatMap((form) =>
      [[form, false], [form, true]] as const
    )
  ) {
    const suffix = `${isNormalized ? ", normalized" : ""}, ${form}`;
    Deno.test(`convTranspose2dForward: ${title}${suffix}`, async () => {
      const { x, affine, w, bias } = draw();
      const values = isNormalized ? normalized(x, affine) : x;
      const y = await forward(shape, x, isNormalized ? affine : undefined, w, bias, form);
      const sums = referenceForward(absolutes(values), absolutes(w), absolutes(bias), shape);
      const absolute = sumTolerances(inChannels + 1, sums);
      assertClose(y, referenceForward(values, w, bias, shape), { absolute, label: "y" });
    });

    Deno.test(`convTranspose2dWgrad: ${title}${suffix}`, async () => {
      const { x, affine, gradient } = draw();
      const values = isNormalized ? normalized(x, affine) : x;
      const result = await weightGradient(shape, x, isNormalized ? affine : undefined, gradient, form);
      const sums = referenceWgrad(absolutes(values), absolutes(gradient), shape);
      const absolute = sumTolerances(batch * height * width, sums);
      assertClose(result, referenceWgrad(values, gradient, shape), { absolute, label: "weight" });
    });
  }

  const gates = [["none", 1], ["activation", 1 / 0.6], ["normalized", 1]] as const;
  for (
    const [form, gate, scale] of formsOf(inChannels, width).flatMap((form) =>
      gates.map((row) => [form, ...row] as const)
    )
  ) {
    Deno.test(`convTranspose2dDgrad: ${title}, gate ${gate}, ${form}`, async () => {
      const { x, affine, w, gradient } = draw();
      const result = await inputGradient(shape, gradient, w, gate, x, affine, scale, form);
      const open = gate === "normalized" ? scaled(x, affine) : x;
      const expected = referenceDgrad(gradient, w, shape).map((value, index) =>
        gate === "none" || open[index]! > 0 ? scale * value : 0
      );
      const sums = referenceDgrad(absolutes(gradient), absolutes(w), shape);
      const absolute = sumTolerances(4 * outChannels + 1, sums.map((sum) => scale * sum));
      assertClose(result, expected, { absolute, label: "input" });
    });
  }
}

for (
  const [images, perImage, pixels] of [[1, 3, 8], [1, 2, 16], [2, 1, 24], [1, 1, 24], [3, 1, 24]] as const
) {
  Deno.test(`convTranspose2dWgrad: bands of ${images} images, ${perImage} per image`, async () => {
    const cases: [number, TransposeForm][] = [[8, "registers"], [8, "shared"], [6, "registers"]];
    for (const [width, form] of [...cases, ...SUBGROUP_FORMS.map((form) => [6, form] as const)]) {
      const shape = { batch: 3, inChannels: 8, outChannels: 5, height: 24 / width, width };
      const random = new Random(perImage);
      const x = random.floats(3 * 8 * 24);
      const gradient = random.floats(3 * 5 * 96);
      const result = await weightGradient(shape, x, undefined, gradient, form, { images, perImage, pixels });
      const absolute = sumTolerances(72, referenceWgrad(absolutes(x), absolutes(gradient), shape));
      assertClose(result, referenceWgrad(x, gradient, shape), { absolute, label: `width ${width}, ${form}` });
    }
  });
}

Deno.test("transposeBands: covers each image once and keeps sums short", () => {
  for (
    const [batch, channels, height, width] of [
      [32, 1024, 8, 8],
      [1, 16, 128, 128],
      [5, 64, 3, 5],
      [7, 8, 20, 36],
      [1, 64, 50, 50],
    ]
  ) {
    const input = { batch: batch!, channels: channels!, height: height!, width: width! };
    for (const form of ["registers", "subgroup"] as const) {
      const { images, perImage, pixels } = transposeBands(input, channels! / 2, form);
      assert.ok(images === 1 || perImage === 1);
      assert.ok(perImage * pixels >= height! * width! && (perImage - 1) * pixels < height! * width!);
      assert.ok(images * pixels <= 2048 + 4, `${images} images of ${pixels} pixels`);
      assert.ok(width! % 4 !== 0 || pixels % 4 === 0);
      // Pairs of pixels are not cut apart.
      assert.ok(form === "registers" || width! % 2 !== 0 || pixels % 2 === 0);
    }
  }
});
