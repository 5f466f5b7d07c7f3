// A tile of a matrix product, c[m][n] = sum over k of a[k][m] * b[k][n], that goes through workgroup memory: for hardware,
// where memory is far and a workgroup's invocations can share what one of them fetched. Part of kernels, which
// fetch blocks of 4 x 4 values in their own ways, keep them here, and multiply.
// Work: a workgroup owns a tile of c and takes STEP of k at a time, fetched by an invocation for each block; an invocation
// owns 4 or 8 rows and columns of the tile in registers, its second vector half a tile behind its first, so that
// neighbours read and write neighbouring vectors.
// Its geometry is set by kernels/gemm/tile.ts.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
const TILE_ROWS: u32 = 64u;
const TILE_COLUMNS: u32 = 64u;
const ROW_VECTORS: u32 = 2u;    // 1 or 2: an invocation owns so many vectors of 4 rows
const COLUMN_VECTORS: u32 = 2u; // 1 or 2: and of 4 columns
const STEP: u32 = 16u;          // 16 or 32

const ROW_LANES: u32 = TILE_ROWS / (4u * ROW_VECTORS);
const COLUMN_LANES: u32 = TILE_COLUMNS / (4u * COLUMN_VECTORS);
const WORKGROUP: u32 = ROW_LANES * COLUMN_LANES;
const A_WIDTH: u32 = TILE_ROWS / 4u;
const B_WIDTH: u32 = TILE_COLUMNS / 4u;
// Blocks that are fetched at a time, none of them or one by an invocation: those of a row of blocks by neighbours.
const A_BLOCKS: u32 = A_WIDTH * (STEP / 4u);
const B_BLOCKS: u32 = B_WIDTH * (STEP / 4u);

// By k, vector and lane: a constant k needs no check of bounds.
var<workgroup> a_tile: array<array<array<vec4f, ROW_LANES>, ROW_VECTORS>, STEP>;
var<workgroup> b_tile: array<array<array<vec4f, COLUMN_LANES>, COLUMN_VECTORS>, STEP>;

// What an invocation owns: by the vector of rows and that of columns; a matrix's columns are rows of c.
struct Sums {
  c00: mat4x4f,
  c01: mat4x4f,
  c10: mat4x4f,
  c11: mat4x4f,
}

// Columns of a block are those of neighbouring k, components rows of c (or columns, for b).
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

// Adds the products of all k that are kept. Written out: a loop's own counting would take as long as the products of a
// small tile.
fn multiply_step(row_lane: u32, column_lane: u32, sums: ptr<function, Sums>) {
  // All of the tiles must stand before any of it is read ...
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
  // ... and be read by all before the next ones take their place.
  workgroupBarrier();
}
