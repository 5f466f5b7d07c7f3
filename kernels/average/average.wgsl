// Weighted sum of flat blocks: total = keep * total + add * value.
// Layout: flat blocks of any length; in the last vector, values past the count stay untouched.
// Work: one invocation per 4 values.
// Host: kernels/average/average.ts. Test: tests/kernels/average_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  keep: f32,
  add: f32,
}

@group(0) @binding(0) var<storage, read> value: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> total: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (4u * at >= params.count) {
    return;
  }
  var sum = params.add * value[at];
  // Not read unless kept: it may be uninitialized.
  if (params.keep != 0.0) {
    sum += params.keep * total[at];
  }
  let counted = vec4u(4u * at) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.count);
  total[at] = select(total[at], sum, counted);
}
