// The GEMM of nn.wgsl for software adapters with subgroups of 8 or 4: a load costs such an adapter ten multiply-adds per
// value and invocation, a broadcast within the subgroup next to nothing. Each sum takes its terms in the order of
// nn.wgsl: identical bits.
// Layout: as in nn.wgsl; rows m a multiple of 16 or 32, columns n of 16.
// Work: one subgroup per 16 or 32 rows x 64 columns (of 4: 16 x 32), 8 columns per invocation. All of them need a: each
// loads one vector and broadcasts it within the subgroup. workgroups.y counts z, z slices.
// Parts: outer.wgsl, product.wgsl, product_params.wgsl, accumulate_vectors.wgsl.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const WORKGROUP: u32 = 8u; // or 4; one subgroup: an idle second one would still compute
const ROW_VECTORS: u32 = 8u; // 4 or 8

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let column = (group.x % params.column_tiles) * 2u * WORKGROUP + subgroup_lane * 2u;
  let z = group.y;
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c20 = mat4x4f();
  var c21 = mat4x4f();
  var c30 = mat4x4f();
  var c31 = mat4x4f();
  var c40 = mat4x4f();
  var c41 = mat4x4f();
  var c50 = mat4x4f();
  var c51 = mat4x4f();
  var c60 = mat4x4f();
  var c61 = mat4x4f();
  var c70 = mat4x4f();
  var c71 = mat4x4f();
  let first = group.z * params.slice;
  let end = min(params.depth, first + params.slice);
  let row = group.x / params.column_tiles * ROW_VECTORS;
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  var at = (z * params.depth + first) * params.row_vectors + row + subgroup_lane % ROW_VECTORS;
  var bt = (z * params.depth + first) * params.column_vectors + min(column, params.column_vectors - 2u);
  for (var k = first; k < end; k += 2u) {
    // Two terms per sum and iteration: a loop's variables are loaded, masked and stored once per iteration.
    let more = k + 1u < end;
    let at_next = select(at, at + params.row_vectors, more);
    let bt_next = select(bt, bt + params.column_vectors, more);
    let b0 = b[bt];
    let b1 = b[bt + 1u];
    let d0 = b[bt_next];
    let d1 = b[bt_next + 1u];
    let fetched = a[at];
    let next = select(vec4f(), a[at_next], more);
    let a0 = subgroupBroadcast(fetched, 0u);
    let e0 = subgroupBroadcast(next, 0u);
    c00 = add_outers(c00, a0, b0, e0, d0);
    c01 = add_outers(c01, a0, b1, e0, d1);
    let a1 = subgroupBroadcast(fetched, 1u);
    let e1 = subgroupBroadcast(next, 1u);
    c10 = add_outers(c10, a1, b0, e1, d0);
    c11 = add_outers(c11, a1, b1, e1, d1);
    let a2 = subgroupBroadcast(fetched, 2u);
    let e2 = subgroupBroadcast(next, 2u);
    c20 = add_outers(c20, a2, b0, e2, d0);
    c21 = add_outers(c21, a2, b1, e2, d1);
    let a3 = subgroupBroadcast(fetched, 3u);
    let e3 = subgroupBroadcast(next, 3u);
    c30 = add_outers(c30, a3, b0, e3, d0);
    c31 = add_outers(c31, a3, b1, e3, d1);
    if (ROW_VECTORS == 8u) {
      let a4 = subgroupBroadcast(fetched, 4u);
      let e4 = subgroupBroadcast(next, 4u);
      c40 = add_outers(c40, a4, b0, e4, d0);
      c41 = add_outers(c41, a4, b1, e4, d1);
      let a5 = subgroupBroadcast(fetched, 5u);
      let e5 = subgroupBroadcast(next, 5u);
      c50 = add_outers(c50, a5, b0, e5, d0);
      c51 = add_outers(c51, a5, b1, e5, d1);
      let a6 = subgroupBroadcast(fetched, 6u);
      let e6 = subgroupBroadcast(next, 6u);
      c60 = add_outers(c60, a6, b0, e6, d0);
      c61 = add_outers(c61, a6, b1, e6, d1);
      let a7 = subgroupBroadcast(fetched, 7u);
      let e7 = subgroupBroadcast(next, 7u);
      c70 = add_outers(c70, a7, b0, e7, d0);
      c71 = add_outers(c71, a7, b1, e7, d1);
    }
    at += 2u * params.row_vectors;
    bt += 2u * params.column_vectors;
  }
  if (column >= params.column_vectors) {
    return;
  }
  let layer = (params.first_slice + group.z) * params.layers + z;
  let step = 4u * params.column_vectors;
  let start = layer * params.row_vectors * step + row * step + column;
  // A loop whose end the driver does not know, always 2 * ROW_VECTORS: it would unroll the stores, which takes it seconds.
  var tiles = array<mat4x4f, 16>(c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71);
  let stored = ROW_VECTORS * min(2u, params.column_vectors - column);
  for (var i = 0u; i < stored; i++) {
    store(start + i / 2u * step + i % 2u, tiles[i]);
  }
}
