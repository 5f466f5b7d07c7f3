import assert from "node:assert/strict";
import {
  GEMM_TILES,
  gemmNn,
  gemmNnSubgroup,
  gemmNnUniform,
  type GemmShape,
  gemmTiled,
  type GemmTileName,
  type Slices,
  transpose,
  uniformLayers,
} from "../../kernels/gemm/gemm.ts";
import type { Dispatch } from "../../kernels/kernel.ts";
import { tileCost } from "../../kernels/gemm/tile.ts";
import { absolutes, assertClose, sumTolerances } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** `c[z][m][n] = sum of a[z][k][m] b[z][k][n]` over k in [first, end). */
function multiply(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { rows, columns, depth, layers }: GemmShape,
  first = 0,
  end = depth,
): Float64Array {
  const c = new Float64Array(layers * rows * columns);
  for (let index = 0; index < c.length; index++) {
    const z = Math.floor(index / (rows * columns));
    const m = Math.floor(index / columns) % rows;
    for (let k = first; k < Math.min(depth, end); k++) {
      c[index]! += a[(z * depth + k) * rows + m]! * b[(z * depth + k) * columns + index % columns]!;
    }
  }
  return c;
}

function draw({ rows, columns, depth, layers }: GemmShape): { a: Float32Array; b: Float32Array } {
  const random = new Random(rows + columns + depth);
  return { a: random.floats(layers * depth * rows), b: random.floats(layers * depth * columns) };
}

/** `[layers][k][width]` to `[layers][width][k]`. */
function transposeLayers(values: Float32Array, layers: number, width: number): Float32Array {
  const depth = values.length / layers / width;
  return values.map((_, index) => {
    const [z, mn, k] = [Math.floor(index / depth / width), Math.floor(index / depth) % width, index % depth];
    return values[(z * depth + k) * width + mn]!;
  });
}

const TILES = Object.keys(GEMM_TILES) as GemmTileName[];

const SHAPES: GemmShape[] = [
  { rows: 16, columns: 16, depth: 1, layers: 1 },
  { rows: 16, columns: 32, depth: 5, layers: 3 },
  { rows: 32, columns: 16, depth: 64, layers: 2 },
  // 66 tiles of 8 x 16, 68 of 16 x 8: one workgroup plus.
  { rows: 48, columns: 176, depth: 33, layers: 1 },
  { rows: 16, columns: 544, depth: 3, layers: 1 },
  // By rows, two subgroups down, the second one partly empty.
  { rows: 112, columns: 16, depth: 9, layers: 2 },
  // By panels: one run of columns, and two, the second one shorter.
  { rows: 32, columns: 128, depth: 32, layers: 2 },
  { rows: 64, columns: 1072, depth: 16, layers: 1 },
];

/** One tile plus in each dimension, whole tiles, a depth of whole steps and of one more. */
const TILED_SHAPES: GemmShape[] = [
  ...SHAPES,
  { rows: 144, columns: 80, depth: 17, layers: 2 },
  { rows: 128, columns: 128, depth: 32, layers: 1 },
  { rows: 48, columns: 208, depth: 40, layers: 3 },
  { rows: 80, columns: 80, depth: 68, layers: 2 },
];

for (const shape of SHAPES) {
  const title = `${shape.layers} x ${shape.rows} x ${shape.columns}, depth ${shape.depth}`;
  const { a, b } = draw(shape);
  const expected = multiply(a, b, shape);
  const absolute = sumTolerances(shape.depth, multiply(absolutes(a), absolutes(b), shape));

  Deno.test(`gemmNn: ${title}`, async () => {
    const { c } = await runKernel(gpu, gemmNn(shape), { a, b, c: expected.length });
    assertClose(c, expected, { absolute, label: "c" });
  });

  Deno.test(`gemmNnSubgroup: ${title}, the bits of gemmNn`, async () => {
    if (!gpu.has("subgroups of 8")) return;
    // A workgroup of 4 takes half of such a subgroup.
    for (const size of [8, 4] as const) {
      const dispatch = gemmNnSubgroup(shape, undefined, undefined, size);
      const { c } = await runKernel(gpu, dispatch, { a, b, c: expected.length });
      assert.deepEqual(c, (await runKernel(gpu, gemmNn(shape), { a, b, c: expected.length })).c);
      assertClose(c, expected, { absolute, label: "c" });
    }
  });

  Deno.test(`gemmNnUniform: ${title}, one layer at a time and all at once`, async () => {
    let c = new Float32Array(expected.length);
    for (let layer = 0; layer < shape.layers; layer++) {
      const size = shape.rows * shape.depth;
      const window = a.slice(layer * size, (layer + 1) * size);
      ({ c } = await runKernel(gpu, gemmNnUniform({ ...shape, layers: 1 }, layer), { a: window, b, c }));
    }
    assertClose(c, expected, { absolute, label: "c" });
    assert.ok(uniformLayers(shape) >= 1);
    const whole = await runKernel(gpu, gemmNnUniform(shape, 0), { a, b, c: expected.length });
    assertClose(whole.c, c, { label: "all layers at once" });
  });
}

/** Operands in the layout of a tile. */
function operandsOf(
  name: GemmTileName,
  { a, b }: ReturnType<typeof draw>,
  { rows, columns, layers }: GemmShape,
) {
  return GEMM_TILES[name].inner === "k"
    ? { a: transposeLayers(a, layers, rows), b: transposeLayers(b, layers, columns) }
    : { a, b };
}

for (const name of TILES) {
  Deno.test(`gemmTiled: ${name}, whole tiles, ragged ones, and less than one`, async () => {
    const vectors = GEMM_TILES[name].inner === "k";
    for (const shape of TILED_SHAPES) {
      if (vectors && shape.depth % 4 !== 0) {
        assert.throws(() => gemmTiled(name, shape), /expected multiples of 4/);
        continue;
      }
      const drawn = draw(shape);
      const expected = multiply(drawn.a, drawn.b, shape);
      const absolute = sumTolerances(shape.depth, multiply(absolutes(drawn.a), absolutes(drawn.b), shape));
      const operands = { ...operandsOf(name, drawn, shape), c: expected.length };
      const { c } = await runKernel(gpu, gemmTiled(name, shape), operands);
      assertClose(c, expected, { absolute, label: JSON.stringify(shape) });
    }
  });

  Deno.test(`tileCost: ${name} fits the limits that WebGPU guarantees`, () => {
    const { invocations, blocks, byteLength } = tileCost(GEMM_TILES[name]);
    assert.ok(invocations >= 64 && invocations <= 256 && byteLength <= 16384);
    assert.ok(blocks <= 1, "an invocation loads at most one block");
  });
}

Deno.test("gemmNn, gemmTiled: split-K slices, written from the second slice of the output on", async () => {
  const shape = { rows: 16, columns: 32, depth: 72, layers: 2 };
  const { a, b } = draw(shape);
  const size = shape.layers * shape.rows * shape.columns;
  const before = new Float32Array(5 * size).fill(9);
  const dispatches = (slices: Slices): [Dispatch, { a: Float32Array; b: Float32Array }][] => [
    [gemmNn(shape, slices), { a, b }],
    ...TILES.map((name): [Dispatch, { a: Float32Array; b: Float32Array }] => [
      gemmTiled(name, shape, slices),
      operandsOf(name, { a, b }, shape),
    ]),
  ];
  // A slice that is not a multiple of a step must not include terms of the next one.
  for (const depth of [32, 28]) {
    const slices = { depth, count: 3, first: 1 };
    for (const [dispatch, operands] of dispatches(slices)) {
      const { c } = await runKernel(gpu, dispatch, { ...operands, c: before });
      for (const slice of [1, 2, 3]) {
        const first = (slice - 1) * depth;
        assertClose(c.slice(slice * size, (slice + 1) * size), multiply(a, b, shape, first, first + depth), {
          absolute: sumTolerances(depth, multiply(absolutes(a), absolutes(b), shape, first, first + depth)),
          label: `${dispatch.kernel.label}, slice ${slice} of ${depth}`,
        });
      }
      for (const slice of [0, 4]) {
        assert.ok(c.slice(slice * size, (slice + 1) * size).every((value) => value === 9));
      }
    }
  }
});

for (const [rows, columns] of [[4, 4], [4, 68], [20, 144], [72, 100]] as const) {
  Deno.test(`transpose: ${rows} x ${columns}`, async () => {
    const a = new Random(rows).floats(rows * columns);
    const { b } = await runKernel(gpu, transpose(rows, columns), { a, b: rows * columns });
    assert.deepEqual(b, a.map((_, index) => a[(index % rows) * columns + Math.floor(index / rows)]!));
  });
}

Deno.test("transpose: rejects sizes that are not multiples of 4", () => {
  assert.throws(() => transpose(4, 6), {
    name: "RangeError",
    message: "Cannot transpose 4 x 6: expected multiples of 4",
  });
});

Deno.test("gemmNn: rejects sizes that are not whole tiles, and uniforms that are too large", () => {
  for (const odd of [{ rows: 8, columns: 16 }, { rows: 16, columns: 24 }]) {
    const shape = { ...odd, depth: 4, layers: 1 };
    const message = `Cannot multiply to ${odd.rows} x ${odd.columns}: expected multiples of 16`;
    assert.throws(() => gemmNn(shape), { name: "RangeError", message });
    assert.throws(() => gemmTiled("tiled", shape), { name: "RangeError", message });
    assert.throws(() => gemmNnUniform(shape, 0), { name: "RangeError", message });
  }
  const large = { rows: 64, columns: 16, depth: 129, layers: 2 };
  assert.equal(uniformLayers(large), 1);
  assert.equal(uniformLayers({ ...large, depth: 257 }), 0);
  assert.throws(() => gemmNnUniform(large, 0), {
    name: "RangeError",
    message: /^Cannot bind 2 layers of 129 x 64/,
  });
});
