// Exponential moving average (EMA) of weights: total += (1 - keep) * (value - total). The decay `keep` changes from
// step to step, so it is read from the step uniform.
// Layout: flat blocks, a multiple of 4.
// Work: one invocation per 4 values.
// Parts: step.wgsl.
// Host: kernels/average/average.ts. Test: tests/kernels/average_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read> value: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> total: array<vec4f>;
@group(0) @binding(2) var<uniform> step: UpdateStep;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (at >= params.vectors) {
    return;
  }
  total[at] = total[at] + (1.0 - step.keep) * (value[at] - total[at]);
}
