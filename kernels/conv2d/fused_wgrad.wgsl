// Weight and bias gradient of a 3 x 3 convolution by Winograd F(4x4, 3x3) without intermediate results in memory, see
// fused_forward.wgsl: sum over n, i, j of gradient[n, o, i, j] * x[n, c, i + p - 1, j + q - 1], and of
// gradient[n, o, i, j], as partial sums over rows of tiles, which reduce/rows.wgsl adds.
// Layout: x and gradient NCHW, height and width multiples of 4; partial[row][band], rows of weights as in OIHW and, from
// bias_row on, of biases.
// Work: one subgroup per band of `rows` rows of 4 x 4 tiles, 8 input channels and 8 outputs; workgroups.y counts input
// channels, z outputs. An invocation transforms the tiles of one channel and of one output, whose sums stay in registers.
// Parts: fused.wgsl, relu.wgsl.
// Host: kernels/conv2d/fused.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel
const CHANNELS: u32 = 8u; // 4 if x has no more channels

struct Params {
  height: u32,
  width: u32,
  tile_rows: u32,   // of all images
  rows: u32,        // of tiles per band
  channels: u32,    // of x
  first_input: u32, // where these begin among the layer's inputs
  inputs: u32,      // of the layer
  outputs: u32,
  bands: u32,       // of the batch, padded to a multiple of 4
  first_band: u32,  // of the first image bound here
  bias_row: u32,    // 0: no bias
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

fn load(at: Strips, column: u32, coefficients: vec2f) -> Strip {
  let v = vectors_of(at, column);
  var strip = Strip(vec4f(x[v[0]]), vec4f(x[v[1]]), vec4f(x[v[2]]), vec4f(x[v[3]]), vec4f(x[v[4]]), vec4f(x[v[5]]));
  if (NORMALIZED) {
    strip = normalized(strip, coefficients);
  }
  return padded(at, column, strip);
}

fn widen(r: vec4f) -> Row {
  let even = r.x + r.z;
  let odd = r.y + r.w;
  let wide_even = r.x + 4.0 * r.z;
  let wide_odd = 2.0 * r.y + 8.0 * r.w;
  return Row(r.x, even + odd, even - odd, wide_even + wide_odd, wide_even - wide_odd, r.w);
}

// A g A^T
fn transform_gradient(g: mat4x4f) -> Tile {
  let even = g[0] + g[2];
  let odd = g[1] + g[3];
  let wide_even = g[0] + 4.0 * g[2];
  let wide_odd = 2.0 * g[1] + 8.0 * g[3];
  return Tile(
    widen(g[0]),
    widen(even + odd),
    widen(even - odd),
    widen(wide_even + wide_odd),
    widen(wide_even - wide_odd),
    widen(g[3]),
  );
}

fn narrow(r: Row) -> vec3f {
  let near_sum = (r[0].y + r[0].z) / 6.0;
  let far_sum = r[1].x + r[1].y;
  return vec3f(
    0.25 * r[0].x - near_sum + far_sum / 24.0,
    (r[0].z - r[0].y) / 6.0 + (r[1].x - r[1].y) / 12.0,
    far_sum / 6.0 - near_sum + r[1].z,
  );
}

fn store(at: u32, r: vec3f) {
  partial[at] = r.x;
  partial[at + params.bands] = r.y;
  partial[at + 2u * params.bands] = r.z;
}

// G^T s G of the sums of an input channel.
fn finish(output: u32, band: u32, channel: u32, s: Tile) {
  if (output >= params.outputs || channel >= params.channels) {
    return;
  }
  let near_sum = (1.0 / 6.0) * (s[1] + s[2]);
  let far_sum = s[3] + s[4];
  let at = (output * params.inputs + params.first_input + channel) * 9u * params.bands + band;
  store(at, narrow(0.25 * s[0] - near_sum + (1.0 / 24.0) * far_sum));
  store(at + 3u * params.bands, narrow((1.0 / 6.0) * (s[2] - s[1]) + (1.0 / 12.0) * (s[3] - s[4])));
  store(at + 6u * params.bands, narrow((1.0 / 6.0) * far_sum - near_sum + s[5]));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let output = group.z * 8u + lane;
  let first_channel = group.y * 8u;
  let channel = min(first_channel + lane, params.channels - 1u);
  let vectors = params.width / 4u;
  let image_rows = params.height / 4u;
  var s0 = Tile();
  var s1 = Tile();
  var s2 = Tile();
  var s3 = Tile();
  var s4 = Tile();
  var s5 = Tile();
  var s6 = Tile();
  var s7 = Tile();
  var sum = 0.0;
  let end = min(params.tile_rows, (group.x + 1u) * params.rows);
  for (var tile_row = group.x * params.rows; tile_row < end; tile_row++) {
    let image = tile_row / image_rows;
    let row = tile_row % image_rows * 4u;
    let plane = image * params.channels + channel;
    let at = strips(plane, row);
    var coefficients = vec2f();
    if (NORMALIZED) {
      coefficients = affine[plane];
    }
    var left = Row();
    var middle = load(at, 0u, coefficients);
    var g = ((image * params.outputs + min(output, params.outputs - 1u)) * params.height + row) * vectors;
    for (var column = 1u; column <= vectors; column++) {
      let right = load(at, column, coefficients);
      let v = transform_input(left, middle, right);
      left = last_column(middle);
      middle = right;
      let d = transform_gradient(mat4x4f(
        vec4f(gradient[g]),
        vec4f(gradient[g + vectors]),
        vec4f(gradient[g + 2u * vectors]),
        vec4f(gradient[g + 3u * vectors]),
      ));
      g++;
      sum += d[1][0].y; // the sum of all 16
      s0[0][0] += subgroupBroadcast(v[0][0], 0u) * d[0][0];
      s1[0][0] += subgroupBroadcast(v[0][0], 1u) * d[0][0];
      s2[0][0] += subgroupBroadcast(v[0][0], 2u) * d[0][0];
      s3[0][0] += subgroupBroadcast(v[0][0], 3u) * d[0][0];
      s0[0][1] += subgroupBroadcast(v[0][1], 0u) * d[0][1];
      s1[0][1] += subgroupBroadcast(v[0][1], 1u) * d[0][1];
      s2[0][1] += subgroupBroadcast(v[0][1], 2u) * d[0][1];
      s3[0][1] += subgroupBroadcast(v[0][1], 3u) * d[0][1];
      s0[1][0] += subgroupBroadcast(v[1][0], 0u) * d[1][0];
      s1[1][0] += subgroupBroadcast(v[1][0], 1u) * d[1][0];
      s2[1][0] += subgroupBroadcast(v[1][0], 2u) * d[1][0];
      s3[1][0] += subgroupBroadcast(v[1][0], 3u) * d[1][0];
      s0[1][1] += subgroupBroadcast(v[1][1], 0u) * d[1][1];
      s1[1][1] += subgroupBroadcast(v[1][1], 1u) * d[1][1];
      s2[1][1] += subgroupBroadcast(v[1][1], 2u) * d[1][1];
      s3[1][1] += subgroupBroadcast(v[1][1], 3u) * d[1][1];
      s0[2][0] += subgroupBroadcast(v[2][0], 0u) * d[2][0];
      s1[2][0] += subgroupBroadcast(v[2][0], 1u) * d[2][0];
      s2[2][0] += subgroupBroadcast(v[2][0], 2u) * d[2][0];
      s3[2][0] += subgroupBroadcast(v[2][0], 3u) * d[2][0];
      s0[2][1] += subgroupBroadcast(v[2][1], 0u) * d[2][1];
      s1[2][1] += subgroupBroadcast(v[2][1], 1u) * d[2][1];
      s2[2][1] += subgroupBroadcast(v[2][1], 2u) * d[2][1];
      s3[2][1] += subgroupBroadcast(v[2][1], 3u) * d[2][1];
      s0[3][0] += subgroupBroadcast(v[3][0], 0u) * d[3][0];
      s1[3][0] += subgroupBroadcast(v[3][0], 1u) * d[3][0];
      s2[3][0] += subgroupBroadcast(v[3][0], 2u) * d[3][0];
      s3[3][0] += subgroupBroadcast(v[3][0], 3u) * d[3][0];
      s0[3][1] += subgroupBroadcast(v[3][1], 0u) * d[3][1];
      s1[3][1] += subgroupBroadcast(v[3][1], 1u) * d[3][1];
      s2[3][1] += subgroupBroadcast(v[3][1], 2u) * d[3][1];
      s3[3][1] += subgroupBroadcast(v[3][1], 3u) * d[3][1];
      s0[4][0] += subgroupBroadcast(v[4][0], 0u) * d[4][0];
      s1[4][0] += subgroupBroadcast(v[4][0], 1u) * d[4][0];
      s2[4][0] += subgroupBroadcast(v[4][0], 2u) * d[4][0];
      s3[4][0] += subgroupBroadcast(v[4][0], 3u) * d[4][0];
      s0[4][1] += subgroupBroadcast(v[4][1], 0u) * d[4][1];
      s1[4][1] += subgroupBroadcast(v[4][1], 1u) * d[4][1];
      s2[4][1] += subgroupBroadcast(v[4][1], 2u) * d[4][1];
      s3[4][1] += subgroupBroadcast(v[4][1], 3u) * d[4][1];
      s0[5][0] += subgroupBroadcast(v[5][0], 0u) * d[5][0];
      s1[5][0] += subgroupBroadcast(v[5][0], 1u) * d[5][0];
      s2[5][0] += subgroupBroadcast(v[5][0], 2u) * d[5][0];
      s3[5][0] += subgroupBroadcast(v[5][0], 3u) * d[5][0];
      s0[5][1] += subgroupBroadcast(v[5][1], 0u) * d[5][1];
      s1[5][1] += subgroupBroadcast(v[5][1], 1u) * d[5][1];
      s2[5][1] += subgroupBroadcast(v[5][1], 2u) * d[5][1];
      s3[5][1] += subgroupBroadcast(v[5][1], 3u) * d[5][1];
      if (CHANNELS == 8u) {
        s4[0][0] += subgroupBroadcast(v[0][0], 4u) * d[0][0];
        s5[0][0] += subgroupBroadcast(v[0][0], 5u) * d[0][0];
        s6[0][0] += subgroupBroadcast(v[0][0], 6u) * d[0][0];
        s7[0][0] += subgroupBroadcast(v[0][0], 7u) * d[0][0];
        s4[0][1] += subgroupBroadcast(v[0][1], 4u) * d[0][1];
        s5[0][1] += subgroupBroadcast(v[0][1], 5u) * d[0][1];
        s6[0][1] += subgroupBroadcast(v[0][1], 6u) * d[0][1];
        s7[0][1] += subgroupBroadcast(v[0][1], 7u) * d[0][1];
        s4[1][0] += subgroupBroadcast(v[1][0], 4u) * d[1][0];
        s5[1][0] += subgroupBroadcast(v[1][0], 5u) * d[1][0];
        s6[1][0] += subgroupBroadcast(v[1][0], 6u) * d[1][0];
        s7[1][0] += subgroupBroadcast(v[1][0], 7u) * d[1][0];
        s4[1][1] += subgroupBroadcast(v[1][1], 4u) * d[1][1];
        s5[1][1] += subgroupBroadcast(v[1][1], 5u) * d[1][1];
        s6[1][1] += subgroupBroadcast(v[1][1], 6u) * d[1][1];
        s7[1][1] += subgroupBroadcast(v[1][1], 7u) * d[1][1];
        s4[2][0] += subgroupBroadcast(v[2][0], 4u) * d[2][0];
        s5[2][0] += subgroupBroadcast(v[2][0], 5u) * d[2][0];
        s6[2][0] += subgroupBroadcast(v[2][0], 6u) * d[2][0];
        s7[2][0] += subgroupBroadcast(v[2][0], 7u) * d[2][0];
        s4[2][1] += subgroupBroadcast(v[2][1], 4u) * d[2][1];
        s5[2][1] += subgroupBroadcast(v[2][1], 5u) * d[2][1];
        s6[2][1] += subgroupBroadcast(v[2][1], 6u) * d[2][1];
        s7[2][1] += subgroupBroadcast(v[2][1], 7u) * d[2][1];
        s4[3][0] += subgroupBroadcast(v[3][0], 4u) * d[3][0];
        s5[3][0] += subgroupBroadcast(v[3][0], 5u) * d[3][0];
        s6[3][0] += subgroupBroadcast(v[3][0], 6u) * d[3][0];
        s7[3][0] += subgroupBroadcast(v[3][0], 7u) * d[3][0];
        s4[3][1] += subgroupBroadcast(v[3][1], 4u) * d[3][1];
        s5[3][1] += subgroupBroadcast(v[3][1], 5u) * d[3][1];
        s6[3][1] += subgroupBroadcast(v[3][1], 6u) * d[3][1];
        s7[3][1] += subgroupBroadcast(v[3][1], 7u) * d[3][1];
        s4[4][0] += subgroupBroadcast(v[4][0], 4u) * d[4][0];
        s5[4][0] += subgroupBroadcast(v[4][0], 5u) * d[4][0];
        s6[4][0] += subgroupBroadcast(v[4][0], 6u) * d[4][0];
        s7[4][0] += subgroupBroadcast(v[4][0], 7u) * d[4][0];
        s4[4][1] += subgroupBroadcast(v[4][1], 4u) * d[4][1];
        s5[4][1] += subgroupBroadcast(v[4][1], 5u) * d[4][1];
        s6[4][1] += subgroupBroadcast(v[4][1], 6u) * d[4][1];
        s7[4][1] += subgroupBroadcast(v[4][1], 7u) * d[4][1];
        s4[5][0] += subgroupBroadcast(v[5][0], 4u) * d[5][0];
        s5[5][0] += subgroupBroadcast(v[5][0], 5u) * d[5][0];
        s6[5][0] += subgroupBroadcast(v[5][0], 6u) * d[5][0];
        s7[5][0] += subgroupBroadcast(v[5][0], 7u) * d[5][0];
        s4[5][1] += subgroupBroadcast(v[5][1], 4u) * d[5][1];
        s5[5][1] += subgroupBroadcast(v[5][1], 5u) * d[5][1];
        s6[5][1] += subgroupBroadcast(v[5][1], 6u) * d[5][1];
        s7[5][1] += subgroupBroadcast(v[5][1], 7u) * d[5][1];
      }
    }
  }
  let band = params.first_band + group.x;
  if (params.bias_row != 0u && first_channel + params.first_input == 0u && output < params.outputs) {
    partial[(params.bias_row + output) * params.bands + band] = sum;
  }
  finish(output, band, first_channel + 0u, s0);
  finish(output, band, first_channel + 1u, s1);
  finish(output, band, first_channel + 2u, s2);
  finish(output, band, first_channel + 3u, s3);
  finish(output, band, first_channel + 4u, s4);
  finish(output, band, first_channel + 5u, s5);
  finish(output, band, first_channel + 6u, s6);
  finish(output, band, first_channel + 7u, s7);
}
