// What the sums of a softmax need of each pixel, once for all classes: the channel with the largest logit (the first of
// several), that logit, the sum over channels of exp(z - largest), and the cross-entropy with the true class. The
// probability of channel c is exp(z_c - largest) / sum.
// Layout: logits[images][1 + classes][pixels], the background's channel first; target_mask[images][pixels] of class
// indices, 0 for the background, less for ignored pixels, which have no cross-entropy; pixels[images][pixels].
// Work: one invocation per pixel; neighbors read neighboring logits of a channel.
// Host: kernels/loss/loss.ts. Test: tests/kernels/class_loss_test.ts.
const WORKGROUP: u32 = 64u;
const CLASSES: u32 = 1u;

struct Params {
  count: u32,      // pixels bound here
  image_size: u32, // pixels of an image
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> pixels: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

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
  let true_class = i32(target_mask[i]);
  var best = 0u;
  var largest = logits[first];
  var of_truth = largest;
  for (var channel = 1u; channel <= CLASSES; channel++) {
    let logit = logits[first + channel * params.image_size];
    if (logit > largest) {
      best = channel;
      largest = logit;
    }
    if (i32(channel) == true_class) {
      of_truth = logit;
    }
  }
  // Without the largest, whose term of 1 would take their last digits.
  var rest = 0.0;
  for (var channel = 0u; channel <= CLASSES; channel++) {
    if (channel != best) {
      rest += exp(logits[first + channel * params.image_size] - largest);
    }
  }
  let total = 1.0 + rest;
  let entropy = select(log(total) - (of_truth - largest), 0.0, true_class < 0);
  pixels[i] = vec4f(f32(best), largest, total, entropy);
}
