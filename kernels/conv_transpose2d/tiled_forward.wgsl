// 2 x 2 transposed convolution with stride 2, input width a multiple of 4, for hardware:
// y[n, o, 2 i + p, 2 j + q] = bias[o] + sum over c of w[c, o, p, q] * x[n, c, i, j].
// Layout: x and y NCHW, w[c][o][p][q]. One matrix product per image: rows are outputs and taps, columns pixels.
// Work: as in tile.wgsl; workgroups.x counts tiles of columns, y images, z tiles of rows.
// Parts: relu.wgsl, tile.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

// Each invocation fetches one block of each operand.
const_assert A_BLOCKS == WORKGROUP && B_BLOCKS == WORKGROUP;

struct Params {
  inputs: u32,
  outputs: u32,
  row_vectors: u32,   // width / 4
  plane_vectors: u32, // height * width / 4
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// The taps of one output for four channels.
fn fetch_weights(output: u32, channel: u32) -> mat4x4f {
  if (output >= params.outputs) {
    return mat4x4f();
  }
  return mat4x4f(
    load_taps(output, channel),
    load_taps(output, channel + 1u),
    load_taps(output, channel + 2u),
    load_taps(output, channel + 3u),
  );
}

fn load_taps(output: u32, channel: u32) -> vec4f {
  return select(vec4f(), w[channel * params.outputs + output], channel < params.inputs);
}

// Four pixels of four channels.
fn fetch_pixels(image: u32, channel: u32, vector: u32) -> mat4x4f {
  if (vector >= params.plane_vectors) {
    return mat4x4f();
  }
  return mat4x4f(
    load_pixels(image, channel, vector),
    load_pixels(image, channel + 1u, vector),
    load_pixels(image, channel + 2u, vector),
    load_pixels(image, channel + 3u, vector),
  );
}

fn load_pixels(image: u32, channel: u32, vector: u32) -> vec4f {
  if (channel >= params.inputs) {
    return vec4f();
  }
  let plane = image * params.inputs + channel;
  let value = vec4f(x[plane * params.plane_vectors + vector]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    return relu_vec4(value * coefficients.x + coefficients.y);
  }
  return value;
}

// Columns are taps, components pixels.
fn store(image: u32, output: u32, vector: u32, taps: mat4x4f) {
  if (output >= params.outputs || vector >= params.plane_vectors) {
    return;
  }
  let row = vector / params.row_vectors;
  let column = vector % params.row_vectors;
  let step = 2u * params.row_vectors;
  let at = (image * params.outputs + output) * 4u * params.plane_vectors + 2u * (row * step + column);
  let offset = bias[output];
  y[at] = Y(vec4f(taps[0].x, taps[1].x, taps[0].y, taps[1].y) + offset);
  y[at + 1u] = Y(vec4f(taps[0].z, taps[1].z, taps[0].w, taps[1].w) + offset);
  y[at + step] = Y(vec4f(taps[2].x, taps[3].x, taps[2].y, taps[3].y) + offset);
  y[at + step + 1u] = Y(vec4f(taps[2].z, taps[3].z, taps[2].w, taps[3].w) + offset);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_lane = lane / COLUMN_LANES;
  let column_lane = lane % COLUMN_LANES;
  let first_row = group.z * A_WIDTH;
  let first_column = group.x * B_WIDTH;
  let image = group.y;
  var sums: Sums;
  for (var k = 0u; k < params.inputs; k += STEP) {
    let weights = fetch_weights(first_row + lane % A_WIDTH, k + lane / A_WIDTH * 4u);
    let pixels = fetch_pixels(image, k + lane / B_WIDTH * 4u, first_column + lane % B_WIDTH);
    keep_a(lane, weights);
    keep_b(lane, pixels);
    multiply_step(row_lane, column_lane, &sums);
  }
  let output = first_row + row_lane;
  let vector = first_column + column_lane;
  store(image, output, vector, sums.c00);
  store(image, output, vector + COLUMN_LANES, sums.c01);
  store(image, output + ROW_LANES, vector, sums.c10);
  store(image, output + ROW_LANES, vector + COLUMN_LANES, sums.c11);
}
