// Weight gradient of a 3 x 3 convolution with few channels: sum over n, i, j of
// gradient[n, o, i, j] * x[n, c, i + p - 1, j + q - 1], as partial sums over bands of rows, which reduce/rows.wgsl
// adds.
// Layout: x and gradient NCHW, width a multiple of 4; partial[o][first_channel + c][p][q][band].
// Work: one invocation per band and 8 outputs; workgroups.y counts input channels, z tiles of outputs.
// Parts: relu.wgsl.
// Host: kernels/conv2d/direct.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  height: u32,
  width: u32,
  images: u32,
  channels: u32,      // of x
  first_channel: u32, // where these begin among the layer's inputs
  inputs: u32,        // of the layer
  outputs: u32,
  band_rows: u32,     // rows of a band
  bands: u32,         // of all images, padded to a multiple of 4
  first_band: u32,    // of the first image bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

fn load(at: u32, inside: bool, coefficients: vec2f) -> vec4f {
  var value = vec4f(x[at]);
  if (NORMALIZED) {
    value = relu_vec4(value * coefficients.x + coefficients.y);
  }
  return select(vec4f(), value, inside);
}

fn store(at: u32, step: u32, output: u32, tap: u32, values: vec4f) {
  let to = at + output * step + tap * params.bands;
  if (output < params.outputs) {
    partial[to] = values.x;
  }
  if (output + 1u < params.outputs) {
    partial[to + step] = values.y;
  }
  if (output + 2u < params.outputs) {
    partial[to + 2u * step] = values.z;
  }
  if (output + 3u < params.outputs) {
    partial[to + 3u * step] = values.w;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image_bands = (params.height + params.band_rows - 1u) / params.band_rows;
  let band = group.x * WORKGROUP + lane;
  if (band >= params.images * image_bands) {
    return;
  }
  let image = band / image_bands;
  let first_row = band % image_bands * params.band_rows;
  let end_row = min(params.height, first_row + params.band_rows);
  let channel = group.y;
  let output = group.z * 8u;
  let vectors = params.width / 4u;
  let plane = (image * params.channels + channel) * params.height * vectors;
  let gradient_step = params.height * vectors;
  let gradient_plane = (image * params.outputs + output) * gradient_step;
  var coefficients = vec2f();
  if (NORMALIZED) {
    coefficients = affine[image * params.channels + channel];
  }
  // Columns are taps q, rows four outputs; named a<p><half>.
  var a00 = mat3x4f();
  var a01 = mat3x4f();
  var a10 = mat3x4f();
  var a11 = mat3x4f();
  var a20 = mat3x4f();
  var a21 = mat3x4f();
  for (var row = first_row; row < end_row; row++) {
    let above = row > 0u;
    let below = row + 1u < params.height;
    let at0 = plane + (row - select(0u, 1u, above)) * vectors;
    let at1 = plane + row * vectors;
    let at2 = plane + (row + select(0u, 1u, below)) * vectors;
    var g = gradient_plane + row * vectors;
    var left0 = 0.0;
    var middle0 = load(at0, above, coefficients);
    var left1 = 0.0;
    var middle1 = load(at1, true, coefficients);
    var left2 = 0.0;
    var middle2 = load(at2, below, coefficients);
    for (var column = 1u; column <= vectors; column++) {
      let more = column < vectors;
      let next = min(column, vectors - 1u);
      let next0 = load(at0 + next, above && more, coefficients);
      let s0 = mat3x4f(vec4f(left0, middle0.xyz), middle0, vec4f(middle0.yzw, next0.x));
      let next1 = load(at1 + next, more, coefficients);
      let s1 = mat3x4f(vec4f(left1, middle1.xyz), middle1, vec4f(middle1.yzw, next1.x));
      let next2 = load(at2 + next, below && more, coefficients);
      let s2 = mat3x4f(vec4f(left2, middle2.xyz), middle2, vec4f(middle2.yzw, next2.x));
      let g0 = transpose(mat4x4f(
        vec4f(gradient[g]),
        vec4f(gradient[g + gradient_step]),
        vec4f(gradient[g + 2u * gradient_step]),
        vec4f(gradient[g + 3u * gradient_step]),
      ));
      a00 += g0 * s0;
      a10 += g0 * s1;
      a20 += g0 * s2;
      let g1 = transpose(mat4x4f(
        vec4f(gradient[g + 4u * gradient_step]),
        vec4f(gradient[g + 5u * gradient_step]),
        vec4f(gradient[g + 6u * gradient_step]),
        vec4f(gradient[g + 7u * gradient_step]),
      ));
      a01 += g1 * s0;
      a11 += g1 * s1;
      a21 += g1 * s2;
      left0 = middle0.w;
      middle0 = next0;
      left1 = middle1.w;
      middle1 = next1;
      left2 = middle2.w;
      middle2 = next2;
      g++;
    }
  }
  let step = params.inputs * 9u * params.bands;
  let at = (params.first_channel + channel) * 9u * params.bands + params.first_band + band;
  store(at, step, output, 0u, a00[0]);
  store(at, step, output, 1u, a00[1]);
  store(at, step, output, 2u, a00[2]);
  store(at, step, output, 3u, a10[0]);
  store(at, step, output, 4u, a10[1]);
  store(at, step, output, 5u, a10[2]);
  store(at, step, output, 6u, a20[0]);
  store(at, step, output, 7u, a20[1]);
  store(at, step, output, 8u, a20[2]);
  store(at, step, output + 4u, 0u, a01[0]);
  store(at, step, output + 4u, 1u, a01[1]);
  store(at, step, output + 4u, 2u, a01[2]);
  store(at, step, output + 4u, 3u, a11[0]);
  store(at, step, output + 4u, 4u, a11[1]);
  store(at, step, output + 4u, 5u, a11[2]);
  store(at, step, output + 4u, 6u, a21[0]);
  store(at, step, output + 4u, 7u, a21[1]);
  store(at, step, output + 4u, 8u, a21[2]);
}
