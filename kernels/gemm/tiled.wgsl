// The split-K GEMM of nn.wgsl for hardware: c[s][z][m][n] = sum over k in slice s of a[z][k][m] * b[z][k][n].
// Layout: k outermost in a and b, or innermost with K_INNER; rows m and columns n multiples of 4, padded by the host.
// Work: as in tile.wgsl; workgroups.y counts z, z slices.
// Parts: accumulate_vectors.wgsl, tile.wgsl.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const K_INNER: bool = false; // a[z][m][k] and b[z][n][k], k and its slices multiples of 4

struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // n / 4
  depth: u32,          // k
  column_tiles: u32,   // n / TILE_COLUMNS, rounded up
  slice: u32,          // k of one slice; the last may be shorter
  layers: u32,         // z
  first_slice: u32,    // the slice that workgroups.z = 0 writes
  keep: u32,           // whether to keep the existing value
  scale: f32,          // factor on the value
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

// Blocks of a and b, zeros past the end of the slice and the edges of the matrices.
fn fetch_a(z: u32, row: u32, k: u32, end: u32) -> mat4x4f {
  if (row >= params.row_vectors || k >= end) {
    return mat4x4f();
  }
  if (K_INNER) {
    let step = params.depth / 4u;
    let at = (z * params.row_vectors + row) * params.depth + k / 4u;
    return transpose(mat4x4f(a[at], a[at + step], a[at + 2u * step], a[at + 3u * step]));
  }
  let step = params.row_vectors;
  let at = (z * params.depth + k) * step + row;
  return mat4x4f(
    a[at],
    select(vec4f(), a[at + step], k + 1u < end),
    select(vec4f(), a[at + 2u * step], k + 2u < end),
    select(vec4f(), a[at + 3u * step], k + 3u < end),
  );
}

fn fetch_b(z: u32, column: u32, k: u32, end: u32) -> mat4x4f {
  if (column >= params.column_vectors || k >= end) {
    return mat4x4f();
  }
  if (K_INNER) {
    let step = params.depth / 4u;
    let at = (z * params.column_vectors + column) * params.depth + k / 4u;
    return transpose(mat4x4f(b[at], b[at + step], b[at + 2u * step], b[at + 3u * step]));
  }
  let step = params.column_vectors;
  let at = (z * params.depth + k) * step + column;
  return mat4x4f(
    b[at],
    select(vec4f(), b[at + step], k + 1u < end),
    select(vec4f(), b[at + 2u * step], k + 2u < end),
    select(vec4f(), b[at + 3u * step], k + 3u < end),
  );
}

fn store(layer: u32, row_vector: u32, column_vector: u32, tile: mat4x4f) {
  if (row_vector >= params.row_vectors || column_vector >= params.column_vectors) {
    return;
  }
  let start = (layer * params.row_vectors + row_vector) * 4u * params.column_vectors + column_vector;
  accumulate(start, tile[0]);
  accumulate(start + params.column_vectors, tile[1]);
  accumulate(start + 2u * params.column_vectors, tile[2]);
  accumulate(start + 3u * params.column_vectors, tile[3]);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_lane = lane / COLUMN_LANES;
  let column_lane = lane % COLUMN_LANES;
  let first_row = group.x / params.column_tiles * A_WIDTH;
  let first_column = group.x % params.column_tiles * B_WIDTH;
  let z = group.y;
  let first = group.z * params.slice;
  let end = min(params.depth, first + params.slice);
  var sums: Sums;
  for (var k = first; k < end; k += STEP) {
    // Both are loaded before either is kept, so that the loads overlap.
    var a_block: mat4x4f;
    var b_block: mat4x4f;
    if (lane < A_BLOCKS) {
      a_block = fetch_a(z, first_row + lane % A_WIDTH, k + lane / A_WIDTH * 4u, end);
    }
    if (lane < B_BLOCKS) {
      b_block = fetch_b(z, first_column + lane % B_WIDTH, k + lane / B_WIDTH * 4u, end);
    }
    if (lane < A_BLOCKS) {
      keep_a(lane, a_block);
    }
    if (lane < B_BLOCKS) {
      keep_b(lane, b_block);
    }
    multiply_step(row_lane, column_lane, &sums);
  }
  let layer = (params.first_slice + group.z) * params.layers + z;
  let row = first_row + row_lane;
  let column = first_column + column_lane;
  store(layer, row, column, sums.c00);
  if (COLUMN_VECTORS == 2u) {
    store(layer, row, column + COLUMN_LANES, sums.c01);
  }
  if (ROW_VECTORS == 2u) {
    store(layer, row + ROW_LANES, column, sums.c10);
    if (COLUMN_VECTORS == 2u) {
      store(layer, row + ROW_LANES, column + COLUMN_LANES, sums.c11);
    }
  }
}
