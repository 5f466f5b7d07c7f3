// Gradient of the loss 0.6 dice + 0.4 bce by the logits, times a scale, from the whole batch's sums:
// d dice / d p = ((2 I + s) - 2 t S) / S^2 with I = sum(p t), S = sum p + sum t + s; d bce / d logit = (p - t) / count,
// but 0 where a logarithm is held at -100.
// Work: an invocation owns one logit. Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
const WORKGROUP: u32 = 64u;
const DICE_WEIGHT: f32 = 0.6;
const BCE_WEIGHT: f32 = 0.4;
const SMOOTH: f32 = 0.000001;

struct Params {
  count: u32, // logits bound here
  scale: f32, // 1, or a power of two where gradients go on as float16
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<f32>;
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
  let x = logits[i];
  let t = target_mask[i];
  let e = exp(-abs(x));
  let p = select(e, 1.0, x >= 0.0) / (1.0 + e);
  let q = select(1.0, e, x >= 0.0) / (1.0 + e); // 1 - p, without cancellation
  let entropy = select(0.0, (1.0 - t) * p, x < 100.0) - select(0.0, t * q, x > -100.0);
  let slope = p * q;
  let total = sums[1] + sums[2] + SMOOTH;
  let dice = ((2.0 * sums[0] + SMOOTH) / total - 2.0 * t) / total;
  gradient[i] = params.scale * (DICE_WEIGHT * dice * slope + BCE_WEIGHT * entropy / sums[3]);
}
