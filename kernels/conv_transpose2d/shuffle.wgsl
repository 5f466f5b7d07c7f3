// Spreads the matrix product of a 2 x 2 transposed convolution over its output, and adds the bias:
// y[n, o, 2 i + p, 2 j + q] = m[4 o + 2 p + q][column of n, i, j] + bias[o].
// Work: an invocation owns the 2 x 2 outputs of one input pixel; workgroups.y counts output channels.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  channels: u32, // of y
  height: u32,   // of the input
  width: u32,
  columns: u32,  // pictures * height * width
  stride: u32,   // columns, padded
}

@group(0) @binding(0) var<storage, read> m: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec2f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * WORKGROUP + lane;
  if (column >= params.columns) {
    return;
  }
  let channel = group.y;
  let pixels = params.height * params.width;
  let image = column / pixels;
  let row = column % pixels / params.width;
  let start = channel * 4u * params.stride + column;
  let to = ((image * params.channels + channel) * 2u * params.height + 2u * row) * params.width +
    column % params.width;
  y[to] = vec2f(m[start], m[start + params.stride]) + bias[channel];
  y[to + params.width] = vec2f(m[start + 2u * params.stride], m[start + 3u * params.stride]) + bias[channel];
}
