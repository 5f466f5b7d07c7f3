// Gradient of the loss by the logits, times a scale, from the sums over the whole batch. Ignored pixels, whose target
// is less than 0, have none.
// Layout: logits, target_mask and gradient [images][classes][pixels].
// Work: one invocation per logit.
// Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
// Parts: loss.wgsl, combined.wgsl.
// Another loss takes the place of combined.wgsl.
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,      // logits bound here
  image_size: u32, // pixels of an image
  scale: f32,      // 1, or a power of two if gradients are stored as float16; divided by the number of classes
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<BatchSums>;
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
  let t = target_mask[i];
  if (t < 0.0) {
    gradient[i] = 0.0;
    return;
  }
  var row = 0u;
  if (CLASSES > 1u) {
    row = i / params.image_size % CLASSES;
  }
  gradient[i] = params.scale * loss_gradient(pixel_of(logits[i], t), sums[row]);
}
