// The sums of rows.wgsl for hardware with subgroups of any size, and long rows:
// total[r] = sum over i < length of partial[start(r) + i * item_stride],
// start(r) = r / group * group_stride + r % group * row_stride.
// Layout: partial flat, read by the strides; total[rows].
// Work: one workgroup per row: its invocations read neighboring items, subgroups add in registers, and one invocation
// adds the sums of the subgroups. The grid is folded (flatGrid in kernels/grid.ts).
// Parts: accumulate.wgsl.
// Host: kernels/reduce/reduce.ts. Test: tests/kernels/reduce_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,
  length: u32,
  group: u32,
  group_stride: u32,
  row_stride: u32,
  item_stride: u32,
  keep: u32,  // whether to keep the existing value
  scale: f32, // factor on the value
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
  // No early return: barriers and subgroup operations need every invocation.
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
    accumulate(row, all);
  }
}
