// Winograd F(4x4, 3x3), input: v = B^T d B for each 6 x 6 patch d (4 x 4 outputs and their border, zero-padded), as in
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015. The input gradient uses it on the output's
// gradient.
// Layout: x NCHW, width a multiple of 4; v[36][depth][padded_tiles], or v[36][padded_tiles][depth].
// Work: one invocation per patch and channel; padding tiles become zeros.
// Parts: relu.wgsl, winograd4_patch.wgsl, winograd_params.wgsl.
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
  let result = transpose6(combine(transpose6(load_patch(tile, channel))));
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
