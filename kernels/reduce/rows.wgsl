// Sums of strided rows: total[r] = sum over i < length of partial[start(r) + i * item_stride], with rows in groups:
// start(r) = r / group * group_stride + r % group * row_stride.
// Layout: partial flat, read by the strides; total[rows].
// Work: one invocation per row; the grid is folded (flatGrid in kernels/grid.ts).
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

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let start = row / params.group * params.group_stride + row % params.group * params.row_stride;
  let step = params.item_stride;
  // Four running sums: shorter chains of additions lose fewer digits.
  var sums = vec4f();
  let whole = params.length / 4u * 4u;
  for (var i = 0u; i < whole; i += 4u) {
    let at = start + i * step;
    sums += vec4f(partial[at], partial[at + step], partial[at + 2u * step], partial[at + 3u * step]);
  }
  for (var i = whole; i < params.length; i++) {
    sums.x += partial[start + i * step];
  }
  accumulate(row, (sums.x + sums.y) + (sums.z + sums.w));
}
