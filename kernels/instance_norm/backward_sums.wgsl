// Merges the bands of the backward sums, and adds them up over the pictures: the gradients of weight and bias.
// sums[plane] = (sum g, sum g * normalised z); grad_weight[c], grad_bias[c] = their sums over the pictures.
// Work: an invocation owns one channel. Host: kernels/instance_norm/instance_norm.ts.
// Test: tests/kernels/instance_norm_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  images: u32,
  channels: u32,
  bands: u32,
  keep: u32,  // whether to add to what is there
  scale: f32, // of what is put there
}

@group(0) @binding(0) var<storage, read> partial: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_bias: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let channel = group.x * WORKGROUP + lane;
  if (channel >= params.channels) {
    return;
  }
  var total = vec2f();
  for (var image = 0u; image < params.images; image++) {
    let plane = image * params.channels + channel;
    var sum = vec2f();
    for (var band = 0u; band < params.bands; band++) {
      sum += partial[plane * params.bands + band];
    }
    sums[plane] = sum;
    total += sum;
  }
  total *= params.scale;
  // What is not kept is not read: it may be anything.
  if (params.keep != 0u) {
    total += vec2f(grad_bias[channel], grad_weight[channel]);
  }
  grad_weight[channel] = total.y;
  grad_bias[channel] = total.x;
}
