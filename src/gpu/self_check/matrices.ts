/**
 * Self-tests of matrix products, sums, and the layouts around the transposed convolution's product.
 *
 * @module
 */
import {
  packColumns,
  packWeights,
  shuffleOutput,
  unpackGradient,
  unshuffleGradient,
} from "../../../kernels/conv_transpose2d/conv_transpose2d.ts";
import {
  GEMM_TILES,
  gemmNn,
  gemmNnUniform,
  type GemmShape,
  gemmTiled,
  type GemmTileName,
} from "../../../kernels/gemm/gemm.ts";
import { channelSums, sumRows, sumRowsBySubgroups } from "../../../kernels/reduce/reduce.ts";
import { type Check, random, sum, sumLimit, table } from "./check.ts";

/** The checks. */
export function* matrixChecks(): Generator<Check> {
  const small = { rows: 16, columns: 32, depth: 5, layers: 2 };
  for (const dispatch of [gemmNn(small), gemmNnUniform(small, 0)]) yield { dispatch, ...product(small) };
  for (const variant of Object.keys(GEMM_TILES) as GemmTileName[]) {
    // A tile and a little in each dimension.
    const { rows, columns } = GEMM_TILES[variant];
    const shape = { rows: rows + 16, columns: columns + 16, depth: 18, layers: 1 };
    yield { variant, needs: "workgroup memory", dispatch: gemmTiled(variant, shape), ...product(shape) };
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
  yield* transposedChecks();
}

/** Operands and result of a batch of matrix products. */
function product({ rows, columns, depth, layers }: GemmShape): Omit<Check, "dispatch"> {
  const a = random(1, layers * depth * rows);
  const b = random(2, layers * depth * columns);
  const c = table(layers * rows * columns, (index) => {
    const z = Math.floor(index / (rows * columns));
    const m = Math.floor(index / columns) % rows;
    return sum(
      depth,
      (k) => a[(z * depth + k) * rows + m]! * b[(z * depth + k) * columns + index % columns]!,
    );
  });
  return { operands: { a, b }, expected: { c }, limit: sumLimit(depth) };
}

/** Two pictures of 2 x 3 pixels as 12 columns, padded to 16; 3 channels become 2. */
function* transposedChecks(): Generator<Check> {
  const columns = { height: 2, width: 3, count: 12, stride: 16 };
  const [inputs, outputs] = [3, 2];
  const x = random(5, inputs * 12);
  const atColumn = (values: ArrayLike<number>, channels: number, channel: number, column: number) =>
    values[(Math.floor(column / 6) * channels + channel) * 6 + column % 6]!;
  const nothing = new Float32Array(4);
  yield {
    dispatch: packColumns(columns, inputs, false),
    operands: { x, affine: nothing },
    expected: {
      packed: table(inputs * 16, (i) => i % 16 < 12 ? atColumn(x, inputs, Math.floor(i / 16), i % 16) : 0),
    },
    limit: 0,
  };
  const w = random(6, inputs * outputs * 4);
  yield {
    dispatch: packWeights({ inputs, outputs }, 16, false),
    operands: { w },
    expected: {
      packed: table(
        inputs * 16,
        (i) => i % 16 < 4 * outputs ? w[Math.floor(i / 16) * 4 * outputs + i % 16]! : 0,
      ),
    },
    limit: 0,
  };
  // The output pixel of a row of the product (4 * output + tap) and a column.
  const spread = (row: number, column: number) =>
    ((Math.floor(column / 6) * outputs + (row >> 2)) * 4 + 2 * (Math.floor(column / 3) % 2) +
        (row >> 1) % 2) * 6 +
    2 * (column % 3) + row % 2;
  const m = random(7, 4 * outputs * 16);
  const bias = random(8, outputs);
  const y = new Float64Array(4 * outputs * 12);
  const gradient = random(9, y.length);
  const gathered = new Float64Array(4 * outputs * 16);
  for (let row = 0; row < 4 * outputs; row++) {
    for (let column = 0; column < 12; column++) {
      y[spread(row, column)] = m[row * 16 + column]! + bias[row >> 2]!;
      gathered[row * 16 + column] = gradient[spread(row, column)]!;
    }
  }
  yield {
    dispatch: shuffleOutput(columns, outputs),
    operands: { m, bias },
    expected: { y },
    limit: 2 ** -22,
  };
  yield {
    dispatch: unshuffleGradient(columns, outputs),
    operands: { gradient },
    expected: { packed: gathered },
    limit: 0,
  };
  const products = random(10, inputs * 16);
  yield {
    dispatch: unpackGradient(columns, inputs, { gate: "activation" }, 1.5),
    operands: { m: products, gate: x, gate_affine: nothing },
    expected: {
      gradient: table(inputs * 12, (index) => {
        const [plane, pixel] = [Math.floor(index / 6), index % 6];
        const column = Math.floor(plane / inputs) * 6 + pixel;
        return x[index]! > 0 ? 1.5 * products[(plane % inputs) * 16 + column]! : 0;
      }),
    },
    limit: 2 ** -22,
  };
}
