// The GEMM of nn.wgsl for software adapters with subgroups of 8 and few columns; see nn_wide.wgsl. Each sum takes its
// terms in the order of nn.wgsl: identical bits.
// Layout: as in nn.wgsl.
// Work: one subgroup per 64 rows x 16 columns, 8 rows per invocation. All of them need b: four invocations load one
// vector each and broadcast it within the subgroup. workgroups.y counts z, z slices.
// Parts: outer.wgsl, product.wgsl, product_params.wgsl, accumulate_vectors.wgsl.
// Host: kernels/gemm/gemm.ts. Test: tests/kernels/gemm_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup: an idle second one would still compute

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let row = (group.x / params.column_tiles) * 16u + subgroup_lane * 2u;
  let column = (group.x % params.column_tiles) * 4u;
  let z = group.y;
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
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  var at = (z * params.depth + first) * params.row_vectors + min(row, params.row_vectors - 2u);
  // Four invocations load this k's row of b, the other four the next one's.
  let other = subgroup_lane / 4u;
  var bt = (z * params.depth + first) * params.column_vectors + column + subgroup_lane % 4u;
  for (var k = first; k < end; k += 2u) {
    // Two terms per sum and iteration: a loop's variables are loaded, masked and stored once per iteration.
    let more = k + 1u < end;
    let at_next = select(at, at + params.row_vectors, more);
    let a0 = a[at];
    let a1 = a[at + 1u];
    let e0 = select(vec4f(), a[at_next], more);
    let e1 = select(vec4f(), a[at_next + 1u], more);
    let fetched = b[bt + select(0u, other * params.column_vectors, more)];
    let b0 = subgroupBroadcast(fetched, 0u);
    let d0 = subgroupBroadcast(fetched, 4u);
    c00 = add_outers(c00, a0, b0, e0, d0);
    c10 = add_outers(c10, a1, b0, e1, d0);
    let b1 = subgroupBroadcast(fetched, 1u);
    let d1 = subgroupBroadcast(fetched, 5u);
    c01 = add_outers(c01, a0, b1, e0, d1);
    c11 = add_outers(c11, a1, b1, e1, d1);
    let b2 = subgroupBroadcast(fetched, 2u);
    let d2 = subgroupBroadcast(fetched, 6u);
    c02 = add_outers(c02, a0, b2, e0, d2);
    c12 = add_outers(c12, a1, b2, e1, d2);
    let b3 = subgroupBroadcast(fetched, 3u);
    let d3 = subgroupBroadcast(fetched, 7u);
    c03 = add_outers(c03, a0, b3, e0, d3);
    c13 = add_outers(c13, a1, b3, e1, d3);
    at += 2u * params.row_vectors;
    bt += 2u * params.column_vectors;
  }
  if (row >= params.row_vectors) {
    return;
  }
  let layer = (params.first_slice + group.z) * params.layers + z;
  let step = 4u * params.column_vectors;
  let start = (layer * params.row_vectors + row) * step + column;
  // A loop whose end the driver does not know, always 8: it would unroll the stores, which takes it seconds.
  var tiles = array<mat4x4f, 8>(c00, c01, c02, c03, c10, c11, c12, c13);
  let stored = 4u * min(2u, params.row_vectors - row);
  for (var i = 0u; i < stored; i++) {
    store(start + i / 4u * step + i % 4u, tiles[i]);
  }
}
