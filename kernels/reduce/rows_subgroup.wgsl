// Sums of strided rows, as rows.wgsl: total[r] = sum over i < length of partial[start(r) + i * item_stride], with
// start(r) = r / group * group_stride + r % group * row_stride. For hardware with subgroups and rows that are long.
// Work: a workgroup owns one row; its invocations read neighbouring items, subgroups add in registers, and one
// invocation adds the subgroups' sums. Subgroups may have any size. Grids are folded: see flatGrid in kernels/grid.ts.
// Parts: put.wgsl.
// Host: kernels/reduce/reduce.ts. Test: tests/kernels/reduce_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,
  length: u32,
  group: u32,
  group_stride: u32,
  row_stride: u32,
  item_stride: u32,
  keep: u32,  // whether to add to what is there
  scale: f32, // of what is put there
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let row = group.y * groups.x + group.x;
  var sum = 0.0;
  // No early return: barriers and subgroups want every invocation.
  if (row < params.rows) {
    let start = row / params.group * params.group_stride + row % params.group * params.row_stride;
    for (var i = lane; i < params.length; i += WORKGROUP) {
      sum += partial[start + i * params.item_stride];
    }
  }
  let subgroup_sum = subgroupAdd(sum);
  if (subgroup_lane == 0u) {
    sums[subgroup] = subgroup_sum;
  }
  workgroupBarrier();
  if (lane == 0u && row < params.rows) {
    var all = sums[0];
    for (var i = 1u; i < subgroups; i++) {
      all += sums[i];
    }
    put(row, all);
  }
}
