// Batched split-K GEMM, row-major: c[s][z][m][n] = sum over k in slice s of a[z][k][m] * b[z][k][n].
// A long k is cut into slices that the reader of c adds up: one float32 sum over a long k loses digits, and a few large
// tiles would keep few invocations busy.
// Layout: k outermost in a and b; rows m a multiple of 8, columns n of 16, padded by the host.
// Work: one invocation per 8 x 16 tile, in registers; workgroups.y counts z, z slices.
// Parts: outer.wgsl, product.wgsl, product_params.wgsl, accumulate_vectors.wgsl.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let column_tile = index % params.column_tiles;
  let row_tile = index / params.column_tiles;
  let z = group.y;
  if (row_tile >= params.row_tiles) {
    return;
  }
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c02 = mat4x4f();
  var c03 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c12 = mat4x4f();
  var c13 = mat4x4f();
  let first = group.z * params.slice;
  let end = min(params.depth, first + params.slice);
  var at = (z * params.depth + first) * params.row_vectors + row_tile * 2u;
  var bt = (z * params.depth + first) * params.column_vectors + column_tile * 4u;
  for (var k = first; k < end; k++) {
    let b0 = b[bt];
    let b1 = b[bt + 1u];
    let b2 = b[bt + 2u];
    let b3 = b[bt + 3u];
    let a0 = a[at];
    c00 += outer(a0, b0);
    c01 += outer(a0, b1);
    c02 += outer(a0, b2);
    c03 += outer(a0, b3);
    let a1 = a[at + 1u];
    c10 += outer(a1, b0);
    c11 += outer(a1, b1);
    c12 += outer(a1, b2);
    c13 += outer(a1, b3);
    at += params.row_vectors;
    bt += params.column_vectors;
  }
  let layer = (params.first_slice + group.z) * params.layers + z;
  let start = (layer * params.row_vectors + row_tile * 2u) * 4u * params.column_vectors + column_tile * 4u;
  store(start, c00);
  store(start + 1u, c01);
  store(start + 2u, c02);
  store(start + 3u, c03);
  let below = start + 4u * params.column_vectors;
  store(below, c10);
  store(below + 1u, c11);
  store(below + 2u, c12);
  store(below + 3u, c13);
}
