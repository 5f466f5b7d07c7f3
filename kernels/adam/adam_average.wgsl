// Adam and AdamW, then the exponential moving average (EMA) of the weights: average += (1 - keep) * (w - average), whose
// decay `keep` changes from step to step. Together they read and write the weights once.
// Layout: weights, average, gradient and both moments are flat blocks of equal length, a multiple of 4.
// Work: one invocation per 4 parameters.
// Parts: adam.wgsl, step.wgsl.
// Host: kernels/adam/adam.ts. Test: tests/kernels/adam_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> first_moment: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> second_moment: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> average: array<vec4f>;
@group(0) @binding(5) var<storage, read> gradient_scale: array<f32>; // one value: 1, or less if the norm is clipped
@group(0) @binding(6) var<uniform> step: UpdateStep;
@group(0) @binding(7) var<uniform> params: Params;

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
  let updated = update(at);
  average[at] = average[at] + (1.0 - step.keep) * (updated - average[at]);
}
