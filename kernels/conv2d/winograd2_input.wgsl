// Winograd F(2x2, 3x3), input: v = B^T d B for each 4 x 4 patch d (2 x 2 outputs and their border, zero-padded). As
// accurate as the direct form, for maps of any size. The input gradient uses it on the output's gradient.
// Layout: x NCHW; v[16][depth][padded_tiles], or v[16][padded_tiles][depth].
// Work: one invocation per patch and channel; padding tiles become zeros.
// Parts: relu.wgsl, winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = false; // v[16][padded_tiles][depth], for sums over tiles
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

fn load(plane: u32, y: i32, column: i32, coefficients: vec2f) -> f32 {
  let inside = y >= 0 && y < i32(params.height) && column >= 0 && column < i32(params.width);
  var value = f32(x[select(plane, plane + u32(y) * params.width + u32(column), inside)]);
  if (NORMALIZED) {
    value = relu(value * coefficients.x + coefficients.y);
  }
  return select(0.0, value, inside);
}

fn load_row(plane: u32, y: i32, column: i32, coefficients: vec2f) -> vec4f {
  return vec4f(
    load(plane, y, column, coefficients),
    load(plane, y, column + 1, coefficients),
    load(plane, y, column + 2, coefficients),
    load(plane, y, column + 3, coefficients),
  );
}

fn combine(d: mat4x4f) -> mat4x4f {
  return mat4x4f(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]);
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
  var d = mat4x4f();
  if (tile < params.tiles) {
    let image_tiles = params.tile_rows * params.tile_columns;
    let index = params.first_tile + tile;
    let image = index / image_tiles;
    let y = i32((index % image_tiles) / params.tile_columns * 2u) - 1;
    let column = i32(index % params.tile_columns * 2u) - 1;
    let plane = (image * params.channels + params.skipped + channel) * params.height * params.width;
    var coefficients = vec2f();
    if (NORMALIZED) {
      coefficients = affine[image * params.channels + params.skipped + channel];
    }
    d = mat4x4f(
      load_row(plane, y, column, coefficients),
      load_row(plane, y + 1, column, coefficients),
      load_row(plane, y + 2, column, coefficients),
      load_row(plane, y + 3, column, coefficients),
    );
  }
  let r = transpose(combine(transpose(combine(d))));
  v[at] = r[0][0];
  v[at + step] = r[0][1];
  v[at + 2u * step] = r[0][2];
  v[at + 3u * step] = r[0][3];
  v[at + 4u * step] = r[1][0];
  v[at + 5u * step] = r[1][1];
  v[at + 6u * step] = r[1][2];
  v[at + 7u * step] = r[1][3];
  v[at + 8u * step] = r[2][0];
  v[at + 9u * step] = r[2][1];
  v[at + 10u * step] = r[2][2];
  v[at + 11u * step] = r[2][3];
  v[at + 12u * step] = r[3][0];
  v[at + 13u * step] = r[3][1];
  v[at + 14u * step] = r[3][2];
  v[at + 15u * step] = r[3][3];
}
