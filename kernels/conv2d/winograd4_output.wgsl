// Winograd F(4x4, 3x3), output: y = A^T m A for each tile, followed by the convolution's epilogue.
// Layout: m[36][rows][padded_tiles]; y NCHW, height and width multiples of 4.
// Work: one invocation per 4 x 4 tile; workgroups.y counts channels.
// Parts: epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  channels: u32,      // of the target
  first_channel: u32, // the channel of the target that first_row of m belongs to
  rows: u32,          // rows of m, padded
  first_row: u32,     // the row of m that belongs to first_channel
  height: u32,
  width: u32,
  tile_rows: u32,
  tile_columns: u32,
  first_tile: u32,    // of images * tile_rows * tile_columns
  tiles: u32,         // transformed here
  padded_tiles: u32,
  flags: u32,         // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gate = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> m: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

alias Row = mat2x3f; // six values

// The epilogue of every convolution. Forward: bias and ReLU. Backward: the ReLU's derivative, read off the activation
// or its normalized value, so that no mask is stored.
fn finish(value: vec4f, at: u32, channel: u32, plane: u32) -> Y {
  var result = value;
  if ((params.flags & BIAS) != 0u) {
    result += bias[channel];
  }
  if ((params.flags & RELU) != 0u) {
    result = relu_vec4(result);
  }
  if ((params.flags & GATE) != 0u) {
    var activation = vec4f(gate[at]);
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    result = select(vec4f(), result, activation > vec4f());
  }
  return Y(result);
}

fn load_row(at: u32, step: u32) -> Row {
  return Row(
    m[at],
    m[at + step],
    m[at + 2u * step],
    m[at + 3u * step],
    m[at + 4u * step],
    m[at + 5u * step],
  );
}

fn narrow(r: Row) -> vec4f {
  let near_sum = r[0].y + r[0].z;
  let near_difference = r[0].y - r[0].z;
  let far_sum = r[1].x + r[1].y;
  let far_difference = r[1].x - r[1].y;
  return vec4f(
    r[0].x + near_sum + far_sum,
    near_difference + 2.0 * far_difference,
    near_sum + 4.0 * far_sum,
    near_difference + 8.0 * far_difference + r[1].z,
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x * WORKGROUP + lane;
  if (tile >= params.tiles) {
    return;
  }
  let start = (params.first_row + group.y) * params.padded_tiles + tile;
  let step = params.rows * params.padded_tiles;
  let r0 = load_row(start, step);
  let r1 = load_row(start + 6u * step, step);
  let r2 = load_row(start + 12u * step, step);
  let r3 = load_row(start + 18u * step, step);
  let r4 = load_row(start + 24u * step, step);
  let r5 = load_row(start + 30u * step, step);
  let near_sum = r1 + r2;
  let near_difference = r1 - r2;
  let far_sum = r3 + r4;
  let far_difference = r3 - r4;

  let image_tiles = params.tile_rows * params.tile_columns;
  let index = params.first_tile + tile;
  let image = index / image_tiles;
  let row = (index % image_tiles) / params.tile_columns;
  let column = index % params.tile_columns;
  let channel = params.first_channel + group.y;
  let plane = image * params.channels + channel;
  let vectors = params.width / 4u;
  let to = (plane * params.height + row * 4u) * vectors + column;
  y[to] = finish(narrow(r0 + near_sum + far_sum), to, channel, plane);
  y[to + vectors] = finish(narrow(near_difference + 2.0 * far_difference), to + vectors, channel, plane);
  y[to + 2u * vectors] = finish(narrow(near_sum + 4.0 * far_sum), to + 2u * vectors, channel, plane);
  y[to + 3u * vectors] = finish(
    narrow(near_difference + 8.0 * far_difference + r5),
    to + 3u * vectors,
    channel,
    plane,
  );
}
