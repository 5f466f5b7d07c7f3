// 1 x 1 convolution to few output channels: y[n, o, p] = bias[o] + sum over c of w[o, c] * x[n, c, p].
// Layout: NCHW, height * width a multiple of 4.
// Work: one invocation per 4 pixels; workgroups.y counts outputs, z images.
// Parts: relu.wgsl.
// Host: kernels/conv1x1/conv1x1.ts. Test: tests/kernels/conv1x1_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  channels: u32,
  outputs: u32,
  vectors: u32, // height * width / 4
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * WORKGROUP + lane;
  if (at >= params.vectors) {
    return;
  }
  let output = group.y;
  let image = group.z;
  var sum = vec4f(bias[output]);
  for (var channel = 0u; channel < params.channels; channel++) {
    let plane = image * params.channels + channel;
    var value = vec4f(x[plane * params.vectors + at]);
    if (NORMALIZED) {
      let coefficients = affine[plane];
      value = relu_vec4(value * coefficients.x + coefficients.y);
    }
    sum += w[output * params.channels + channel] * value;
  }
  y[(image * params.outputs + output) * params.vectors + at] = sum;
}
