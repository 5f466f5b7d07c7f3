// Gradient of 0.6 mean Dice loss + 0.4 cross-entropy by the logits under a softmax, times a scale, from the sums over
// the whole batch. With g the derivative of the Dice loss by the probabilities, it is
// 0.6 p_c (g_c - sum_j p_j g_j) + 0.4 (p_c - [c is true]) / count; differences are taken without what cancels at the
// most probable channel. The background has no Dice loss. Ignored pixels have no gradient.
// Layout: logits, gradient [images][1 + classes][pixels]; target_mask[images][pixels], as in softmax_sums.wgsl.
// Work: one invocation per pixel; neighbors read and write neighboring values of a channel.
// Host: kernels/loss/loss.ts. Test: tests/kernels/class_loss_test.ts.
// Parts: loss.wgsl.
const WORKGROUP: u32 = 64u;
const DICE_WEIGHT: f32 = 0.6;
const BCE_WEIGHT: f32 = 0.4;

struct Params {
  count: u32,      // pixels bound here
  image_size: u32, // pixels of an image
  scale: f32,      // 1, or a power of two if gradients are stored as float16
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<BatchSums>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

// The derivative of the mean Dice loss by the probability of a channel.
fn slope(channel: u32, true_class: u32) -> f32 {
  if (channel == 0u) {
    return 0.0;
  }
  let batch = sums[channel - 1u];
  let size = batch.positive + batch.truth + SMOOTH;
  let truth = select(0.0, 2.0, channel == true_class);
  return ((2.0 * batch.overlap + SMOOTH) / size - truth) / size / f32(CLASSES);
}

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
  let first = i / params.image_size * (CLASSES + 1u) * params.image_size + i % params.image_size;
  let labelled = i32(target_mask[i]);
  if (labelled < 0) {
    for (var channel = 0u; channel <= CLASSES; channel++) {
      gradient[first + channel * params.image_size] = 0.0;
    }
    return;
  }
  let true_class = u32(labelled);
  var best = 0u;
  var largest = logits[first];
  for (var channel = 1u; channel <= CLASSES; channel++) {
    let logit = logits[first + channel * params.image_size];
    if (logit > largest) {
      best = channel;
      largest = logit;
    }
  }
  var rest = 0.0;
  var pull = 0.0;
  for (var channel = 0u; channel <= CLASSES; channel++) {
    if (channel != best) {
      let power = exp(logits[first + channel * params.image_size] - largest);
      rest += power;
      pull += power * slope(channel, true_class);
    }
  }
  let total = 1.0 + rest;
  let best_slope = slope(best, true_class);
  let count = sums[0].count * f32(CLASSES);
  for (var channel = 0u; channel <= CLASSES; channel++) {
    let at = first + channel * params.image_size;
    let power = exp(logits[at] - largest);
    let p = power / total;
    let is_best = channel == best;
    let dice = select(
      p * (slope(channel, true_class) - (best_slope + pull) / total),
      p * (best_slope * rest - pull) / total,
      is_best,
    );
    let others = select(total - power, rest, is_best);
    let entropy = select(p, -others / total, channel == true_class);
    gradient[at] = params.scale * (DICE_WEIGHT * dice + BCE_WEIGHT * entropy / count);
  }
}
