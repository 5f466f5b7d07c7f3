// Input gradient of a 2 x 2 transposed convolution with stride 2, input width a multiple of 4, for hardware, times the
// derivatives of the ReLU (read off the activation) and of the dropout (its scale) in front of it:
// grad_input[n, c, i, j] = scale * gate * sum over o, p, q of w[c, o, p, q] * gradient[n, o, 2 i + p, 2 j + q].
// Layout: NCHW, w[c][o][p][q]. One matrix product per image: rows are channels, columns pixels, k outputs and taps.
// Work: as in tile.wgsl; workgroups.x counts tiles of columns, y images, z tiles of rows.
// Parts: epilogue.wgsl, taps.wgsl, tile.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
// Each invocation fetches one block of each operand.
const_assert A_BLOCKS == WORKGROUP && B_BLOCKS == WORKGROUP;

struct Params {
  inputs: u32,
  outputs: u32,
  row_vectors: u32,   // width / 4
  plane_vectors: u32, // height * width / 4
  flags: u32,         // of epilogue.wgsl
  scale: f32,         // 1, or 1 / (1 - p) after dropout
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;
alias Gate = vec4f;
alias GradInput = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

// The taps of one output for four channels.
fn fetch_weights(channel: u32, output: u32) -> mat4x4f {
  if (output >= params.outputs) {
    return mat4x4f();
  }
  return transpose(mat4x4f(
    load_taps(channel, output),
    load_taps(channel + 1u, output),
    load_taps(channel + 2u, output),
    load_taps(channel + 3u, output),
  ));
}

fn load_taps(channel: u32, output: u32) -> vec4f {
  return select(vec4f(), w[channel * params.outputs + output], channel < params.inputs);
}

// The gradients that 4 pixels receive: columns are taps, components pixels.
fn fetch_gradients(image: u32, vector: u32, output: u32) -> mat4x4f {
  if (vector >= params.plane_vectors || output >= params.outputs) {
    return mat4x4f();
  }
  let plane = image * params.outputs + output;
  return gather(plane * 4u * params.plane_vectors + place(vector));
}

// Columns are channels, components pixels.
fn store(image: u32, channel: u32, vector: u32, sums: mat4x4f) {
  if (vector >= params.plane_vectors) {
    return;
  }
  let plane = image * params.inputs;
  store_channel(plane, channel, vector, sums[0]);
  store_channel(plane, channel + 1u, vector, sums[1]);
  store_channel(plane, channel + 2u, vector, sums[2]);
  store_channel(plane, channel + 3u, vector, sums[3]);
}

fn store_channel(first_plane: u32, channel: u32, vector: u32, sum: vec4f) {
  if (channel >= params.inputs) {
    return;
  }
  let plane = first_plane + channel;
  let at = plane * params.plane_vectors + vector;
  var value = params.scale * sum;
  if ((params.flags & GATE) != 0u) {
    var activation = vec4f(gate[at]);
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    value = select(vec4f(), value, activation > vec4f());
  }
  grad_input[at] = GradInput(value);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_lane = lane / COLUMN_LANES;
  let column_lane = lane % COLUMN_LANES;
  let first_row = group.z * A_WIDTH;
  let first_column = group.x * B_WIDTH;
  let image = group.y;
  var sums: Sums;
  for (var output = 0u; output < params.outputs; output += STEP / 4u) {
    let weights = fetch_weights(4u * (first_row + lane % A_WIDTH), output + lane / A_WIDTH);
    let gradients = fetch_gradients(image, first_column + lane % B_WIDTH, output + lane / B_WIDTH);
    keep_a(lane, weights);
    keep_b(lane, gradients);
    multiply_step(row_lane, column_lane, &sums);
  }
  let channel = 4u * (first_row + row_lane);
  let vector = first_column + column_lane;
  store(image, channel, vector, sums.c00);
  store(image, channel, vector + COLUMN_LANES, sums.c01);
  store(image, channel + 4u * ROW_LANES, vector, sums.c10);
  store(image, channel + 4u * ROW_LANES, vector + COLUMN_LANES, sums.c11);
}
