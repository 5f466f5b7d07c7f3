// Part of all forms of Winograd's F(4x4, 3x3) output transform: Params, and A^T m A of a tile with what the convolution
// does with it.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
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
  count: u32,         // channels to write
}

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

// Stores a tile, counted over images * tile_rows * tile_columns.
fn store_tile(index: u32, output: u32, r0: Row, r1: Row, r2: Row, r3: Row, r4: Row, r5: Row) {
  let near_sum = r1 + r2;
  let near_difference = r1 - r2;
  let far_sum = r3 + r4;
  let far_difference = r3 - r4;

  let image_tiles = params.tile_rows * params.tile_columns;
  let image = index / image_tiles;
  let row = (index % image_tiles) / params.tile_columns;
  let column = index % params.tile_columns;
  let channel = params.first_channel + output;
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
