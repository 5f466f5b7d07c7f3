// c[s][z][m][n] = sum over k in slice s of a[z][k][m] * b[z][k][n], a batch of matrix products, all row-major: the
// product of nn.wgsl for hardware, where memory is far and a workgroup's invocations can share what one of them fetched.
// Layout: rows m and columns n multiples of 4, both padded by the host; a and b have k outermost.
// Work: a workgroup owns a tile of c, by default 64 x 64, and fetches STEP rows of a and b at a time into its own memory;
// an invocation owns 4 x 4 or 8 x 8 values of the tile in registers. workgroups.y counts z, workgroups.z the slices.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const TILE_ROWS: u32 = 64u;
const TILE_COLUMNS: u32 = 64u;
const ROW_VECTORS: u32 = 1u;    // 1 or 2: an invocation owns so many vectors of 4 rows
const COLUMN_VECTORS: u32 = 1u; // 1 or 2: and of 4 columns
const STEP: u32 = 16u;          // k that are fetched at a time; a multiple of 4

// Lanes across the tile. An invocation's second vector lies half a tile behind its first, so that neighbours read and
// write neighbouring vectors.
const ROW_LANES: u32 = TILE_ROWS / (4u * ROW_VECTORS);
const COLUMN_LANES: u32 = TILE_COLUMNS / (4u * COLUMN_VECTORS);
const WORKGROUP: u32 = ROW_LANES * COLUMN_LANES;
const A_WIDTH: u32 = TILE_ROWS / 4u;
const B_WIDTH: u32 = TILE_COLUMNS / 4u;

struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // n / 4
  depth: u32,          // k
  column_tiles: u32,   // n / TILE_COLUMNS, rounded up
  slice: u32,          // k of one slice; the last may be shorter
  layers: u32,         // z
  first_slice: u32,    // the slice that workgroups.z = 0 writes
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> a_tile: array<vec4f, STEP * A_WIDTH>;
var<workgroup> b_tile: array<vec4f, STEP * B_WIDTH>;

fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

// Adds the products of one k of the fetched tiles.
fn multiply(
  k: u32,
  row_lane: u32,
  column_lane: u32,
  c00: ptr<function, mat4x4f>,
  c01: ptr<function, mat4x4f>,
  c10: ptr<function, mat4x4f>,
  c11: ptr<function, mat4x4f>,
) {
  let at = k * A_WIDTH + row_lane;
  let bt = k * B_WIDTH + column_lane;
  let a0 = a_tile[at];
  let b0 = b_tile[bt];
  *c00 += outer(a0, b0);
  if (COLUMN_VECTORS == 2u) {
    *c01 += outer(a0, b_tile[bt + COLUMN_LANES]);
  }
  if (ROW_VECTORS == 2u) {
    let a1 = a_tile[at + ROW_LANES];
    *c10 += outer(a1, b0);
    if (COLUMN_VECTORS == 2u) {
      *c11 += outer(a1, b_tile[bt + COLUMN_LANES]);
    }
  }
}

fn store(layer: u32, row_vector: u32, column_vector: u32, tile: mat4x4f) {
  if (row_vector >= params.row_vectors || column_vector >= params.column_vectors) {
    return;
  }
  let start = (layer * params.row_vectors + row_vector) * 4u * params.column_vectors + column_vector;
  c[start] = tile[0];
  c[start + params.column_vectors] = tile[1];
  c[start + 2u * params.column_vectors] = tile[2];
  c[start + 3u * params.column_vectors] = tile[3];
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
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  for (var k = first; k < end; k += STEP) {
    // Zeros beyond the slice's end and the matrices' edges add nothing.
    for (var i = lane; i < STEP * A_WIDTH; i += WORKGROUP) {
      let row = first_row + i % A_WIDTH;
      let depth = k + i / A_WIDTH;
      var value = vec4f();
      if (depth < end && row < params.row_vectors) {
        value = a[(z * params.depth + depth) * params.row_vectors + row];
      }
      a_tile[i] = value;
    }
    for (var i = lane; i < STEP * B_WIDTH; i += WORKGROUP) {
      let column = first_column + i % B_WIDTH;
      let depth = k + i / B_WIDTH;
      var value = vec4f();
      if (depth < end && column < params.column_vectors) {
        value = b[(z * params.depth + depth) * params.column_vectors + column];
      }
      b_tile[i] = value;
    }
    // All of the tiles must stand before any of it is read ...
    workgroupBarrier();
    for (var j = 0u; j < STEP; j += 4u) {
      // Unrolled: a loop's own counting would take as long as the products of a small tile.
      multiply(j, row_lane, column_lane, &c00, &c01, &c10, &c11);
      multiply(j + 1u, row_lane, column_lane, &c00, &c01, &c10, &c11);
      multiply(j + 2u, row_lane, column_lane, &c00, &c01, &c10, &c11);
      multiply(j + 3u, row_lane, column_lane, &c00, &c01, &c10, &c11);
    }
    // ... and be read by all before the next ones take their place.
    workgroupBarrier();
  }
  let layer = (params.first_slice + group.z) * params.layers + z;
  let row = first_row + row_lane;
  let column = first_column + column_lane;
  store(layer, row, column, c00);
  if (COLUMN_VECTORS == 2u) {
    store(layer, row, column + COLUMN_LANES, c01);
  }
  if (ROW_VECTORS == 2u) {
    store(layer, row + ROW_LANES, column, c10);
    if (COLUMN_VECTORS == 2u) {
      store(layer, row + ROW_LANES, column + COLUMN_LANES, c11);
    }
  }
}
