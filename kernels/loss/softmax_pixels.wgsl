// What a softmax needs to know of each pixel: the channel with the largest logit, the first of several, and the sum of
// exp(z - largest) over the other channels. The probability of channel c is exp(z_c - largest) / (1 + sum).
// Layout: logits[images][channels][pixels], the background's channel first; pixels[images][pixels].
// Work: one invocation per pixel; neighbors read neighboring logits of a channel.
// Host: kernels/loss/loss.ts. Test: tests/kernels/softmax_loss_test.ts.
const WORKGROUP: u32 = 64u;
const CLASSES: u32 = 1u;

struct Params {
  count: u32,      // pixels bound here
  image_size: u32, // pixels of an image
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> pixels: array<vec2f>;
@group(0) @binding(2) var<uniform> params: Params;

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
  for (var channel = 0u; channel <= CLASSES; channel++) {
    if (channel != best) {
      rest += exp(logits[first + channel * params.image_size] - largest);
    }
  }
  pixels[i] = vec2f(f32(best), rest);
}
