// Winograd F(4x4, 3x3), input: v = B^T d B for each 6 x 6 patch d (4 x 4 outputs and their border, zero-padded), as in
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015. The input gradient uses it on the output's
// gradient.
// Layout: x NCHW, width a multiple of 4; v[36][depth][padded_tiles], or v[36][padded_tiles][depth].
// Work: one invocation per patch and channel; padding tiles become zeros.
// Parts: relu.wgsl, winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = false; // v[36][padded_tiles][depth], for sums over tiles
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

alias Row = mat2x3f; // six values

fn transpose6(r: array<Row, 6>) -> array<Row, 6> {
  let top_left = transpose(mat3x3f(r[0][0], r[1][0], r[2][0]));
  let top_right = transpose(mat3x3f(r[3][0], r[4][0], r[5][0]));
  let low_left = transpose(mat3x3f(r[0][1], r[1][1], r[2][1]));
  let low_right = transpose(mat3x3f(r[3][1], r[4][1], r[5][1]));
  return array<Row, 6>(
    Row(top_left[0], top_right[0]),
    Row(top_left[1], top_right[1]),
    Row(top_left[2], top_right[2]),
    Row(low_left[0], low_right[0]),
    Row(low_left[1], low_right[1]),
    Row(low_left[2], low_right[2]),
  );
}

fn combine(d: array<Row, 6>) -> array<Row, 6> {
  let even = d[4] - 4.0 * d[2];
  let odd = d[3] - 4.0 * d[1];
  let near = d[4] - d[2];
  let far = 2.0 * (d[3] - d[1]);
  return array<Row, 6>(
    4.0 * d[0] - 5.0 * d[2] + d[4],
    even + odd,
    even - odd,
    near + far,
    near - far,
    4.0 * d[1] - 5.0 * d[3] + d[5],
  );
}

fn load_row(plane: u32, y: i32, column: u32, coefficients: vec2f) -> Row {
  let vectors = params.width / 4u;
  let inside = y >= 0 && y < i32(params.height);
  let row = plane + select(0u, u32(y), inside) * vectors;
  let left = f32(x[row + max(column, 1u) - 1u].w);
  let middle = vec4f(x[row + column]);
  let right = f32(x[row + min(column + 1u, vectors - 1u)].x);
  var low = vec3f(left, middle.xy);
  var high = vec3f(middle.zw, right);
  if (NORMALIZED) {
    low = relu_vec3(low * coefficients.x + coefficients.y);
    high = relu_vec3(high * coefficients.x + coefficients.y);
  }
  low = select(vec3f(), low, vec3(inside && column > 0u, inside, inside));
  high = select(vec3f(), high, vec3(inside, inside, inside && column + 1u < vectors));
  return Row(low, high);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let outer = group.z * groups.y + group.y; // see planeGrid in kernels/grid.ts
  // A workgroup runs along the inner dimension of the result.
  var tile = group.x * WORKGROUP + lane;
  var channel = outer;
  var at = (params.first_channel + channel) * params.padded_tiles + tile;
  if (CHANNELS_INNER) {
    tile = outer;
    channel = group.x * WORKGROUP + lane;
    at = tile * params.depth + params.first_channel + channel;
  }
  if (tile >= params.padded_tiles || channel >= params.count) {
    return;
  }
  let step = params.depth * params.padded_tiles;
  var d: array<Row, 6>;
  if (tile < params.tiles) {
    let image_tiles = params.tile_rows * params.tile_columns;
    let index = params.first_tile + tile;
    let image = index / image_tiles;
    let row = (index % image_tiles) / params.tile_columns;
    let column = index % params.tile_columns;
    let plane = (image * params.channels + params.skipped + channel) * params.height * (params.width / 4u);
    var coefficients = vec2f();
    if (NORMALIZED) {
      coefficients = affine[image * params.channels + params.skipped + channel];
    }
    let y = i32(row * 4u) - 1;
    d = array<Row, 6>(
      load_row(plane, y, column, coefficients),
      load_row(plane, y + 1, column, coefficients),
      load_row(plane, y + 2, column, coefficients),
      load_row(plane, y + 3, column, coefficients),
      load_row(plane, y + 4, column, coefficients),
      load_row(plane, y + 5, column, coefficients),
    );
  }
  let result = transpose6(combine(transpose6(combine(d))));
  v[at] = result[0][0][0];
  v[at + 1u * step] = result[0][0][1];
  v[at + 2u * step] = result[0][0][2];
  v[at + 3u * step] = result[0][1][0];
  v[at + 4u * step] = result[0][1][1];
  v[at + 5u * step] = result[0][1][2];
  v[at + 6u * step] = result[1][0][0];
  v[at + 7u * step] = result[1][0][1];
  v[at + 8u * step] = result[1][0][2];
  v[at + 9u * step] = result[1][1][0];
  v[at + 10u * step] = result[1][1][1];
  v[at + 11u * step] = result[1][1][2];
  v[at + 12u * step] = result[2][0][0];
  v[at + 13u * step] = result[2][0][1];
  v[at + 14u * step] = result[2][0][2];
  v[at + 15u * step] = result[2][1][0];
  v[at + 16u * step] = result[2][1][1];
  v[at + 17u * step] = result[2][1][2];
  v[at + 18u * step] = result[3][0][0];
  v[at + 19u * step] = result[3][0][1];
  v[at + 20u * step] = result[3][0][2];
  v[at + 21u * step] = result[3][1][0];
  v[at + 22u * step] = result[3][1][1];
  v[at + 23u * step] = result[3][1][2];
  v[at + 24u * step] = result[4][0][0];
  v[at + 25u * step] = result[4][0][1];
  v[at + 26u * step] = result[4][0][2];
  v[at + 27u * step] = result[4][1][0];
  v[at + 28u * step] = result[4][1][1];
  v[at + 29u * step] = result[4][1][2];
  v[at + 30u * step] = result[5][0][0];
  v[at + 31u * step] = result[5][0][1];
  v[at + 32u * step] = result[5][0][2];
  v[at + 33u * step] = result[5][1][0];
  v[at + 34u * step] = result[5][1][1];
  v[at + 35u * step] = result[5][1][2];
}
