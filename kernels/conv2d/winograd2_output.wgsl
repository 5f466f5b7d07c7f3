// Winograd F(2x2, 3x3), output: y = A^T m A for each tile, followed by the convolution's epilogue.
// Layout: m[16][rows][padded_tiles]; y NCHW, any height and width.
// Work: one invocation per 2 x 2 tile; workgroups.y counts channels.
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
alias Gate = f32;
alias Y = f32;

@group(0) @binding(0) var<storage, read> m: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// The epilogue of every convolution. Forward: bias and ReLU. Backward: the ReLU's derivative, read off the activation
// or its normalized value, so that no mask is stored.
fn finish(value: f32, at: u32, channel: u32, plane: u32) -> f32 {
  var result = value;
  if ((params.flags & BIAS) != 0u) {
    result += bias[channel];
  }
  if ((params.flags & RELU) != 0u) {
    result = relu(result);
  }
  if ((params.flags & GATE) != 0u) {
    var activation = f32(gate[at]);
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    result = select(f32(), result, activation > f32());
  }
  return result;
}

fn load_row(at: u32, step: u32) -> vec4f {
  return vec4f(m[at], m[at + step], m[at + 2u * step], m[at + 3u * step]);
}

fn store(plane: u32, row: u32, column: u32, channel: u32, value: f32) {
  if (row < params.height && column < params.width) {
    let at = (plane * params.height + row) * params.width + column;
    y[at] = Y(finish(value, at, channel, plane));
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x * WORKGROUP + lane;
  if (tile >= params.tiles) {
    return;
  }
  let start = (params.first_row + group.y) * params.padded_tiles + tile;
  let step = params.rows * params.padded_tiles;
  let r1 = load_row(start + 4u * step, step);
  let r2 = load_row(start + 8u * step, step);
  let top = load_row(start, step) + r1 + r2;
  let low = r1 - r2 - load_row(start + 12u * step, step);

  let image_tiles = params.tile_rows * params.tile_columns;
  let index = params.first_tile + tile;
  let image = index / image_tiles;
  let row = (index % image_tiles) / params.tile_columns * 2u;
  let column = index % params.tile_columns * 2u;
  let channel = params.first_channel + group.y;
  let plane = image * params.channels + channel;
  store(plane, row, column, channel, top.x + top.y + top.z);
  store(plane, row, column + 1u, channel, top.y - top.z - top.w);
  store(plane, row + 1u, column, channel, low.x + low.y + low.z);
  store(plane, row + 1u, column + 1u, channel, low.y - low.z - low.w);
}
