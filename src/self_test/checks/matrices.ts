/**
 * Self-tests of matrix products, sums, and the transposed convolution.
 * This module is browser compatible.
 *
 * @module
 */
import {
  convTranspose2dDgrad,
  convTranspose2dForward,
  convTranspose2dWgrad,
  readsTransposed,
  type TransposeForm,
} from "../../../kernels/conv_transpose2d/conv_transpose2d.ts";
import {
  GEMM_TILES,
  gemmNn,
  gemmNnSubgroup,
  gemmNnUniform,
  type GemmShape,
  gemmTiled,
  type GemmTileName,
} from "../../../kernels/gemm/gemm.ts";
import { channelSums, channelTotals, sumRows, sumRowsBySubgroups } from "../../../kernels/reduce/reduce.ts";
import { type Check, random, sum, sumLimit, table } from "./check.ts";

/** The checks. */
export function* matrixChecks(): Generator<Check> {
  const small = { rows: 16, columns: 32, depth: 5, layers: 2 };
  for (const dispatch of [gemmNn(small), gemmNnUniform(small, 0)]) yield product({ dispatch }, small);
  // By columns in tiles of 32 and of 16 rows, and by rows; each a subgroup and a bit more. Then by panels.
  const subgroups = [[32, 80, 5], [16, 80, 5], [80, 16, 5], [32, 128, 16], [32, 128, 32]] as const;
  for (const [rows, columns, depth] of subgroups) {
    const shape = { rows, columns, depth, layers: 2 };
    const dispatch = gemmNnSubgroup(shape);
    yield product({ variant: "nn_subgroup", needs: "subgroups of 8", dispatch }, shape);
  }
  const four = { rows: 16, columns: 48, depth: 5, layers: 2 };
  const dispatch = gemmNnSubgroup(four, undefined, undefined, 4);
  yield product({ variant: "nn_subgroup4", needs: "subgroups of 4", dispatch }, four);
  for (const variant of Object.keys(GEMM_TILES) as GemmTileName[]) {
    // A tile and a bit more in each dimension.
    const { rows, columns, inner } = GEMM_TILES[variant];
    const shape = { rows: rows + 16, columns: columns + 16, depth: 36, layers: 1 };
    const dispatch = gemmTiled(variant, shape);
    yield product({ variant, needs: "workgroup memory", dispatch }, shape, inner);
  }

  const partial = random(3, 5 * 70);
  const sums = { rows: 5, length: 70, rowStride: 1, itemStride: 5 };
  const added = {
    operands: { partial },
    expected: { total: table(5, (row) => sum(70, (i) => partial[row + 5 * i]!)) },
    limit: sumLimit(70),
  };
  yield { dispatch: sumRows(sums), ...added };
  yield { dispatch: sumRowsBySubgroups(sums), needs: "subgroups", ...added };
  const shape = { batch: 2, channels: 3, height: 4, width: 8 };
  const x = random(4, 192);
  yield {
    dispatch: channelSums(shape, { pixels: 8, perImage: 4, total: 8 }, 0),
    operands: { x, x_vectors: x },
    expected: {
      partial: table(24, (index) => {
        const [channel, band] = [Math.floor(index / 8), index % 8];
        return sum(8, (i) => x[(Math.floor(band / 4) * 3 + channel) * 32 + (band % 4) * 8 + i]!);
      }),
    },
    limit: sumLimit(8),
  };
  yield {
    dispatch: channelTotals(shape),
    operands: { x, x_vectors: x },
    expected: { total: table(3, (channel) => sum(64, (i) => x[((i >> 5) * 3 + channel) * 32 + i % 32]!)) },
    limit: sumLimit(64),
  };
  yield* transposedChecks();
}

/** The check of a batch of matrix products; its expected values are computed on access. */
function product(
  check: Pick<Check, "dispatch" | "needs" | "variant">,
  shape: GemmShape,
  inner: "k" | "mn" = "mn",
): Check {
  const { rows, columns, depth, layers } = shape;
  const a = random(1, layers * depth * rows);
  const b = random(2, layers * depth * columns);
  const at = (extent: number, z: number, k: number, mn: number) =>
    inner === "k" ? (z * extent + mn) * depth + k : (z * depth + k) * extent + mn;
  const multiply = () =>
    table(layers * rows * columns, (index) => {
      const z = Math.floor(index / (rows * columns));
      const m = Math.floor(index / columns) % rows;
      return sum(depth, (k) => a[at(rows, z, k, m)]! * b[at(columns, z, k, index % columns)]!);
    });
  return {
    ...check,
    operands: { a, b },
    get expected() {
      return { c: multiply() };
    },
    limit: sumLimit(depth),
  };
}

/**
 * Two images with and without whole vectors, 3 channels to 2; and a tile and a bit more in each dimension for the
 * kernels that multiply tiles.
 */
const TRANSPOSED = [
  { form: "registers", inputs: 3, outputs: 2, height: 2, width: 4 },
  { form: "registers", inputs: 3, outputs: 2, height: 2, width: 3 },
  { form: "shared", inputs: 70, outputs: 18, height: 4, width: 20 },
  // Tiles of both heights and widths.
  { form: "subgroup", inputs: 36, outputs: 9, height: 3, width: 14 },
  { form: "subgroup", inputs: 12, outputs: 3, height: 3, width: 14 },
  { form: "subgroup4", inputs: 20, outputs: 9, height: 3, width: 14 },
] as const;

/** What the forms need, and the variant if others have the same kernels. */
const FORM_FACTS: Readonly<Record<TransposeForm, Pick<Check, "needs" | "variant">>> = {
  registers: {},
  shared: { needs: "workgroup memory" },
  subgroup: { variant: "subgroup", needs: "subgroups of 8" },
  subgroup4: { variant: "subgroup4", needs: "subgroups of 4" },
};

function* transposedChecks(): Generator<Check> {
  const batch = 2;
  for (const { form, inputs, outputs, height, width } of TRANSPOSED) {
    const input = { batch, channels: inputs, height, width };
    const pixels = height * width;
    const x = random(5, batch * inputs * pixels);
    const w = random(6, inputs * outputs * 4);
    const bias = random(7, outputs);
    const gradient = random(8, batch * outputs * 4 * pixels);
    const nothing = new Float32Array(4);
    const y = new Float64Array(gradient.length);
    const inputGradient = new Float64Array(x.length);
    const weightGradient = new Float64Array(w.length);
    for (let index = 0; index < y.length; index++) {
      const plane = Math.floor(index / (4 * pixels));
      const [row, column] = [Math.floor(index / (2 * width)) % (2 * height), index % (2 * width)];
      y[index] = bias[plane % outputs]!;
      for (let c = 0; c < inputs; c++) {
        const from = (Math.floor(plane / outputs) * inputs + c) * pixels + (row >> 1) * width + (column >> 1);
        const weight = (c * outputs + plane % outputs) * 4 + 2 * (row % 2) + column % 2;
        y[index]! += x[from]! * w[weight]!;
        inputGradient[from]! += 1.5 * gradient[index]! * w[weight]!;
        weightGradient[weight]! += gradient[index]! * x[from]!;
      }
    }
    const facts = FORM_FACTS[form];
    const transposed = table(w.length, (i) => w[i % inputs * 4 * outputs + Math.floor(i / inputs)]!);
    const weights = readsTransposed(form, input) ? { w_transposed: Float32Array.from(transposed) } : { w };
    yield {
      ...facts,
      dispatch: convTranspose2dForward(input, outputs, false, form),
      operands: { x, affine: nothing, w, bias },
      expected: { y },
      limit: sumLimit(inputs + 1),
    };
    yield {
      ...facts,
      dispatch: convTranspose2dDgrad(input, outputs, { gate: "activation" }, 1.5, form),
      operands: { gradient, ...weights, gate: x, gate_affine: nothing },
      expected: { grad_input: inputGradient.map((value, index) => x[index]! > 0 ? value : 0) },
      limit: 1.5 * sumLimit(4 * outputs),
    };
    yield {
      ...facts,
      dispatch: convTranspose2dWgrad(input, outputs, false, { images: batch, perImage: 1, pixels }, 0, form),
      operands: { x, affine: nothing, gradient },
      expected: { partial: weightGradient },
      limit: sumLimit(batch * pixels),
    };
  }
}
