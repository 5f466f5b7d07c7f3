// Gradient of the loss by the logits, times a scale, from the sums over the whole batch.
// Layout: logits, target_mask and gradient are flat, in the same order.
// Work: one invocation per logit.
// Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
// Parts: loss.wgsl, combined.wgsl.
// Another loss takes the place of combined.wgsl.
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32, // logits bound here
  scale: f32, // 1, or a power of two if gradients are stored as float16
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read> sums: BatchSums;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (i >= params.count) {
    return;
  }
  gradient[i] = params.scale * loss_gradient(pixel_of(logits[i], target_mask[i]), sums);
}
