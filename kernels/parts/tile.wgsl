// Part: a tile of c[m][n] = sum over k of a[k][m] * b[k][n] through workgroup memory, for hardware, where memory is far
// and the invocations of a workgroup share what they load. Kernels load blocks of 4 x 4 values, keep them here,
// multiply.
// Work: one workgroup per tile of c, STEP of k at a time, one block per invocation. An invocation owns 4 or 8 rows and
// columns of the tile in registers; its second vector lies half a tile after its first, so that neighboring
// invocations access neighboring vectors. kernels/gemm/tile.ts sets the geometry.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
const TILE_ROWS: u32 = 64u;
const TILE_COLUMNS: u32 = 64u;
const ROW_VECTORS: u32 = 2u;    // 1 or 2: vectors of 4 rows per invocation
const COLUMN_VECTORS: u32 = 2u; // 1 or 2: vectors of 4 columns per invocation
const STEP: u32 = 16u;          // 16 or 32

const ROW_LANES: u32 = TILE_ROWS / (4u * ROW_VECTORS);
const COLUMN_LANES: u32 = TILE_COLUMNS / (4u * COLUMN_VECTORS);
const WORKGROUP: u32 = ROW_LANES * COLUMN_LANES;
const A_WIDTH: u32 = TILE_ROWS / 4u;
const B_WIDTH: u32 = TILE_COLUMNS / 4u;
// Blocks loaded per step, at most one per invocation; neighboring invocations load neighboring blocks.
const A_BLOCKS: u32 = A_WIDTH * (STEP / 4u);
const B_BLOCKS: u32 = B_WIDTH * (STEP / 4u);

// Indexed by k, vector and lane: a constant k needs no bounds check.
var<workgroup> a_tile: array<array<array<vec4f, ROW_LANES>, ROW_VECTORS>, STEP>;
var<workgroup> b_tile: array<array<array<vec4f, COLUMN_LANES>, COLUMN_VECTORS>, STEP>;

// The sums of an invocation, by vector of rows and vector of columns; columns of a matrix are rows of c.
struct Sums {
  c00: mat4x4f,
  c01: mat4x4f,
  c10: mat4x4f,
  c11: mat4x4f,
}

// Columns of a block are neighboring k; components are rows of c (for b: columns).
fn keep_a(block: u32, values: mat4x4f) {
  let k = block / A_WIDTH * 4u;
  let vector = block % A_WIDTH / ROW_LANES;
  let lane = block % ROW_LANES;
  a_tile[k][vector][lane] = values[0];
  a_tile[k + 1u][vector][lane] = values[1];
  a_tile[k + 2u][vector][lane] = values[2];
  a_tile[k + 3u][vector][lane] = values[3];
}

fn keep_b(block: u32, values: mat4x4f) {
  let k = block / B_WIDTH * 4u;
  let vector = block % B_WIDTH / COLUMN_LANES;
  let lane = block % COLUMN_LANES;
  b_tile[k][vector][lane] = values[0];
  b_tile[k + 1u][vector][lane] = values[1];
  b_tile[k + 2u][vector][lane] = values[2];
  b_tile[k + 3u][vector][lane] = values[3];
}

fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

// Adds the products of one k.
fn multiply(k: u32, row_lane: u32, column_lane: u32, sums: ptr<function, Sums>) {
  let a0 = a_tile[k][0][row_lane];
  let b0 = b_tile[k][0][column_lane];
  (*sums).c00 += outer(a0, b0);
  if (COLUMN_VECTORS == 2u) {
    (*sums).c01 += outer(a0, b_tile[k][COLUMN_VECTORS - 1u][column_lane]);
  }
  if (ROW_VECTORS == 2u) {
    let a1 = a_tile[k][ROW_VECTORS - 1u][row_lane];
    (*sums).c10 += outer(a1, b0);
    if (COLUMN_VECTORS == 2u) {
      (*sums).c11 += outer(a1, b_tile[k][COLUMN_VECTORS - 1u][column_lane]);
    }
  }
}

// Adds the products of all k in the tile. Unrolled: a loop counter would take as long as the products of a small tile.
fn multiply_step(row_lane: u32, column_lane: u32, sums: ptr<function, Sums>) {
  // The whole tile must be written before it is read ...
  workgroupBarrier();
  multiply(0u, row_lane, column_lane, sums);
  multiply(1u, row_lane, column_lane, sums);
  multiply(2u, row_lane, column_lane, sums);
  multiply(3u, row_lane, column_lane, sums);
  multiply(4u, row_lane, column_lane, sums);
  multiply(5u, row_lane, column_lane, sums);
  multiply(6u, row_lane, column_lane, sums);
  multiply(7u, row_lane, column_lane, sums);
  multiply(8u, row_lane, column_lane, sums);
  multiply(9u, row_lane, column_lane, sums);
  multiply(10u, row_lane, column_lane, sums);
  multiply(11u, row_lane, column_lane, sums);
  multiply(12u, row_lane, column_lane, sums);
  multiply(13u, row_lane, column_lane, sums);
  multiply(14u, row_lane, column_lane, sums);
  multiply(15u, row_lane, column_lane, sums);
  if (STEP == 32u) {
    multiply(STEP - 16u, row_lane, column_lane, sums);
    multiply(STEP - 15u, row_lane, column_lane, sums);
    multiply(STEP - 14u, row_lane, column_lane, sums);
    multiply(STEP - 13u, row_lane, column_lane, sums);
    multiply(STEP - 12u, row_lane, column_lane, sums);
    multiply(STEP - 11u, row_lane, column_lane, sums);
    multiply(STEP - 10u, row_lane, column_lane, sums);
    multiply(STEP - 9u, row_lane, column_lane, sums);
    multiply(STEP - 8u, row_lane, column_lane, sums);
    multiply(STEP - 7u, row_lane, column_lane, sums);
    multiply(STEP - 6u, row_lane, column_lane, sums);
    multiply(STEP - 5u, row_lane, column_lane, sums);
    multiply(STEP - 4u, row_lane, column_lane, sums);
    multiply(STEP - 3u, row_lane, column_lane, sums);
    multiply(STEP - 2u, row_lane, column_lane, sums);
    multiply(STEP - 1u, row_lane, column_lane, sums);
  }
  // ... and read by all before the next one overwrites it.
  workgroupBarrier();
}
