// c[s][z][m][n] = sum over k in slice s of a[z][m][k] * b[z][n][k]: partial products of a long k.
// One float32 sum over a long k loses digits, so k is cut into slices whose sums the next kernel adds up.
// Layout: m and n multiples of 8, k a multiple of 4, all padded by the host.
// Work: an invocation owns an 8 x 8 tile; workgroups.y counts z, workgroups.z the slices.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,          // m
  columns: u32,       // n
  depth_vectors: u32, // k / 4
  slice_vectors: u32, // k / 4 of one slice; the last may be shorter
  layers: u32,        // z
  first_slice: u32,   // the slice that workgroups.z = 0 writes
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn store(start: u32, tile: mat4x4f) {
  let step = params.columns / 4u;
  c[start] = tile[0];
  c[start + step] = tile[1];
  c[start + 2u * step] = tile[2];
  c[start + 3u * step] = tile[3];
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let column_tiles = params.columns / 8u;
  let column_tile = index % column_tiles;
  let row_tile = index / column_tiles;
  if (row_tile >= params.rows / 8u) {
    return;
  }
  let z = group.y;
  let depth = params.depth_vectors;
  let first = group.z * params.slice_vectors;
  let end = min(depth, first + params.slice_vectors);
  let at = (z * params.rows + row_tile * 8u) * depth;
  let bt = (z * params.columns + column_tile * 8u) * depth;
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  for (var k = first; k < end; k++) {
    let b0 = transpose(mat4x4f(b[bt + k], b[bt + depth + k], b[bt + 2u * depth + k], b[bt + 3u * depth + k]));
    let b1 = transpose(
      mat4x4f(b[bt + 4u * depth + k], b[bt + 5u * depth + k], b[bt + 6u * depth + k], b[bt + 7u * depth + k]),
    );
    let a0 = mat4x4f(a[at + k], a[at + depth + k], a[at + 2u * depth + k], a[at + 3u * depth + k]);
    c00 += b0 * a0;
    c01 += b1 * a0;
    let a1 = mat4x4f(a[at + 4u * depth + k], a[at + 5u * depth + k], a[at + 6u * depth + k], a[at + 7u * depth + k]);
    c10 += b0 * a1;
    c11 += b1 * a1;
  }
  let layer = (params.first_slice + group.z) * params.layers + z;
  let start = (layer * params.rows + row_tile * 8u) * params.columns / 4u + column_tile * 2u;
  store(start, c00);
  store(start + 1u, c01);
  store(start + params.columns, c10);
  store(start + params.columns + 1u, c11);
}
