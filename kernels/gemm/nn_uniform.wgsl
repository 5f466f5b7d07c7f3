// Batched GEMM with a in a 64 KiB uniform: c[z][m][n] = sum over k of a[z][k][m] * b[z][k][n].
// Software adapters read a uniform four times faster than a storage buffer; without subgroups of 8 (nn_wide.wgsl) this
// is the fastest GEMM there. A dispatch covers as many z as fit the uniform, which is bound at the first of them.
// Layout: k outermost in a and b; rows m a multiple of 16, columns n of 8.
// Work: one invocation per 16 x 8 tile, in registers; workgroups.y counts tiles of rows, z layers.
// Parts: outer.wgsl.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // n / 4
  depth: u32,          // k
  column_tiles: u32,   // n / 8
  first_z: u32,        // z of the first layer in the uniform
}

@group(0) @binding(0) var<uniform> a: array<vec4f, 4096>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

fn store(start: u32, tile: mat4x4f) {
  c[start] = tile[0];
  c[start + params.column_vectors] = tile[1];
  c[start + 2u * params.column_vectors] = tile[2];
  c[start + 3u * params.column_vectors] = tile[3];
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column_tile = group.x * WORKGROUP + lane;
  let row_tile = group.y;
  let z = params.first_z + group.z;
  if (column_tile >= params.column_tiles) {
    return;
  }
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c20 = mat4x4f();
  var c21 = mat4x4f();
  var c30 = mat4x4f();
  var c31 = mat4x4f();
  var at = group.z * params.depth * params.row_vectors + row_tile * 4u;
  var bt = z * params.depth * params.column_vectors + column_tile * 2u;
  for (var k = 0u; k < params.depth; k++) {
    let b0 = b[bt];
    let b1 = b[bt + 1u];
    let a0 = a[at];
    c00 += outer(a0, b0);
    c01 += outer(a0, b1);
    let a1 = a[at + 1u];
    c10 += outer(a1, b0);
    c11 += outer(a1, b1);
    let a2 = a[at + 2u];
    c20 += outer(a2, b0);
    c21 += outer(a2, b1);
    let a3 = a[at + 3u];
    c30 += outer(a3, b0);
    c31 += outer(a3, b1);
    at += params.row_vectors;
    bt += params.column_vectors;
  }
  let start = (z * params.row_vectors + row_tile * 4u) * 4u * params.column_vectors + column_tile * 2u;
  let step = 4u * params.column_vectors;
  store(start, c00);
  store(start + 1u, c01);
  store(start + step, c10);
  store(start + step + 1u, c11);
  store(start + 2u * step, c20);
  store(start + 2u * step + 1u, c21);
  store(start + 3u * step, c30);
  store(start + 3u * step + 1u, c31);
}
