// Merges the bands of backward_bands.wgsl per plane, and sums planes over images to the gradients of weight and bias.
// Layout: sums[plane] = (sum of g, sum of g * zn), zn the normalized z; grad_bias[c] and grad_weight[c].
// Work: one invocation per channel.
// Host: kernels/instance_norm/instance_norm.ts. Test: tests/kernels/instance_norm_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  images: u32,
  channels: u32,
  bands: u32,
  keep: u32,  // whether to keep the existing value
  scale: f32, // factor on the value
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
  // Not read unless kept: it may be uninitialized.
  if (params.keep != 0u) {
    total += vec2f(grad_bias[channel], grad_weight[channel]);
  }
  grad_weight[channel] = total.y;
  grad_bias[channel] = total.x;
}
