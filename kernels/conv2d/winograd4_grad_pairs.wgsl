// winograd4_grad.wgsl for pairs of neighboring results, the same bits: software adapters store two values as one word of
// 64 bits.
// Layout: gradient NCHW, height and width multiples of 4; d[36][padded_tiles][depth], or d[36][depth][padded_tiles].
// Work: one invocation per two channels of a tile or two tiles of a channel; padding tiles become zeros.
// Parts: winograd4_gradient.wgsl, winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = true; // then channels, first_channel and depth are even; otherwise d[36][depth][padded_tiles]

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read_write> d: array<vec2f>;
@group(0) @binding(2) var<uniform> params: Params;

fn store(at: u32, step: u32, first: vec4f, second: vec4f) {
  let x = vec2f(first.x, second.x);
  let y = vec2f(first.y, second.y);
  let z = vec2f(first.z, second.z);
  let w = vec2f(first.w, second.w);
  let even = x + z;
  let odd = y + w;
  let wide_even = x + 4.0 * z;
  let wide_odd = 2.0 * y + 8.0 * w;
  d[at] = x;
  d[at + step] = even + odd;
  d[at + 2u * step] = even - odd;
  d[at + 3u * step] = wide_even + wide_odd;
  d[at + 4u * step] = wide_even - wide_odd;
  d[at + 5u * step] = w;
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
  var tile = (group.x * WORKGROUP + lane) * 2u;
  var next_tile = tile + 1u;
  var next_channel = channel;
  var at = (params.first_channel + channel) * params.padded_tiles + tile;
  if (CHANNELS_INNER) {
    channel = (group.x * WORKGROUP + lane) * 2u;
    next_channel = channel + 1u;
    tile = outer;
    next_tile = tile;
    at = tile * params.depth + params.first_channel + channel;
  }
  if (tile >= params.padded_tiles || channel >= params.count) {
    return;
  }
  at /= 2u;
  let step = params.depth * params.padded_tiles / 2u;
  let r = load_tile(tile, channel);
  let s = load_tile(next_tile, next_channel);
  store(at, step, r[0], s[0]);
  store(at + 6u * step, step, r[1], s[1]);
  store(at + 12u * step, step, r[2], s[2]);
  store(at + 18u * step, step, r[3], s[3]);
  store(at + 24u * step, step, r[4], s[4]);
  store(at + 30u * step, step, r[5], s[5]);
}
