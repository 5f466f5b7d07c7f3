// Winograd F(4x4, 3x3), weight gradient: d = A g A^T for each 4 x 4 tile g of the output's gradient.
// Layout: gradient NCHW, height and width multiples of 4; d[36][padded_tiles][depth], or d[36][depth][padded_tiles].
// Work: one invocation per tile and channel; padding tiles become zeros.
// Parts: winograd4_gradient.wgsl, winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = true; // otherwise d[36][depth][padded_tiles]

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read_write> d: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

fn store(at: u32, step: u32, r: vec4f) {
  let even = r.x + r.z;
  let odd = r.y + r.w;
  let wide_even = r.x + 4.0 * r.z;
  let wide_odd = 2.0 * r.y + 8.0 * r.w;
  d[at] = r.x;
  d[at + step] = even + odd;
  d[at + 2u * step] = even - odd;
  d[at + 3u * step] = wide_even + wide_odd;
  d[at + 4u * step] = wide_even - wide_odd;
  d[at + 5u * step] = r.w;
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
  let rows = load_tile(tile, channel);
  store(at, step, rows[0]);
  store(at + 6u * step, step, rows[1]);
  store(at + 12u * step, step, rows[2]);
  store(at + 18u * step, step, rows[3]);
  store(at + 24u * step, step, rows[4]);
  store(at + 30u * step, step, rows[5]);
}
