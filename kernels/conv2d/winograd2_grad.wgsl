// Winograd F(2x2, 3x3), weight gradient: d = A g A^T for each 2 x 2 tile g of the output's gradient.
// Layout: gradient NCHW; d[16][padded_tiles][depth], or d[16][depth][padded_tiles].
// Work: one invocation per tile and channel; padding tiles become zeros.
// Parts: winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = true; // otherwise d[16][depth][padded_tiles]

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = f32;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read_write> d: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

fn load(plane: u32, row: u32, column: u32) -> f32 {
  let inside = row < params.height && column < params.width;
  return select(0.0, f32(gradient[select(plane, plane + row * params.width + column, inside)]), inside);
}

fn store(at: u32, step: u32, r: vec2f) {
  d[at] = r.x;
  d[at + step] = r.x + r.y;
  d[at + 2u * step] = r.x - r.y;
  d[at + 3u * step] = -r.y;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let outer = group.z * groups.y + group.y; // see planeGrid in kernels/grid.ts
  // A workgroup runs along the inner dimension of the result.
  var channel = outer;
  var tile = group.x * WORKGROUP + lane;
  var at = (params.first_channel + channel) * params.padded_tiles + tile;
  if (CHANNELS_INNER) {
    channel = group.x * WORKGROUP + lane;
    tile = outer;
    at = tile * params.depth + params.first_channel + channel;
  }
  if (tile >= params.padded_tiles || channel >= params.count) {
    return;
  }
  let step = params.depth * params.padded_tiles;
  var r0 = vec2f();
  var r1 = vec2f();
  if (tile < params.tiles) {
    let image_tiles = params.tile_rows * params.tile_columns;
    let index = params.first_tile + tile;
    let image = index / image_tiles;
    let row = (index % image_tiles) / params.tile_columns * 2u;
    let column = index % params.tile_columns * 2u;
    let plane = (image * params.channels + params.skipped + channel) * params.height * params.width;
    r0 = vec2f(load(plane, row, column), load(plane, row, column + 1u));
    r1 = vec2f(load(plane, row + 1u, column), load(plane, row + 1u, column + 1u));
  }
  store(at, step, r0);
  store(at + 4u * step, step, r0 + r1);
  store(at + 8u * step, step, r0 - r1);
  store(at + 12u * step, step, -r1);
}
