// 2 x 2 transposed convolution with stride 2, for inputs of any width; see forward.wgsl:
// y[n, o, 2 i + p, 2 j + q] = bias[o] + sum over c of w[c, o, p, q] * x[n, c, i, j].
// Layout: x and y NCHW, w[c][o][p][q].
// Work: one invocation per 4 outputs of 4 input pixels, which may belong to different images.
// Parts: relu.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  inputs: u32,
  outputs: u32,
  width: u32,
  pixels: u32, // height * width
  columns: u32, // pixels of all images
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;
alias Y = vec2f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// Columns are pixels, components taps.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

fn load(plane: u32, pixel: u32) -> f32 {
  let value = f32(x[plane * params.pixels + pixel]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    return relu(value * coefficients.x + coefficients.y);
  }
  return value;
}

fn store(column: u32, output: u32, taps: vec4f) {
  if (column >= params.columns || output >= params.outputs) {
    return;
  }
  let plane = column / params.pixels * params.outputs + output;
  let pixel = column % params.pixels;
  let at = plane * 2u * params.pixels + pixel / params.width * 2u * params.width + pixel % params.width;
  y[at] = Y(taps.xy + bias[output]);
  y[at + params.width] = Y(taps.zw + bias[output]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  let tiles = (params.columns + 3u) / 4u;
  let output = index / tiles * 4u;
  if (output >= params.outputs) {
    return;
  }
  let column = index % tiles * 4u;
  let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(params.columns - 1u));
  let images = columns / params.pixels * params.inputs;
  let pixels = columns % params.pixels;
  let outputs = min(vec4u(output, output + 1u, output + 2u, output + 3u), vec4u(params.outputs - 1u));
  var o0 = mat4x4f();
  var o1 = mat4x4f();
  var o2 = mat4x4f();
  var o3 = mat4x4f();
  for (var channel = 0u; channel < params.inputs; channel++) {
    let values = vec4f(
      load(images.x + channel, pixels.x),
      load(images.y + channel, pixels.y),
      load(images.z + channel, pixels.z),
      load(images.w + channel, pixels.w),
    );
    let weights = channel * params.outputs;
    o0 += outer(values, w[weights + outputs.x]);
    o1 += outer(values, w[weights + outputs.y]);
    o2 += outer(values, w[weights + outputs.z]);
    o3 += outer(values, w[weights + outputs.w]);
  }
  for (var i = 0u; i < 4u; i++) {
    store(column + i, output, o0[i]);
    store(column + i, output + 1u, o1[i]);
    store(column + i, output + 2u, o2[i]);
    store(column + i, output + 3u, o3[i]);
  }
}
