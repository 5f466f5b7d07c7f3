// Weight and bias gradients of a 3 x 3 convolution over whole maps of 4 x 4 or 2 x 2 pixels, as in small_forward.wgsl:
// the sum over n, i, j of gradient[n, o, i, j] * x[n, c, i + p - 1, j + q - 1], and of gradient[n, o, i, j].
// Layout: x and gradient NCHW; total[o][c][p][q], as the weights lie; bias_total[o].
// Work: one subgroup per 16 channels, two per invocation, and a run of outputs. An invocation keeps BLOCKS blocks
// (small_maps.wgsl) of its channels of x. All of them need the gradient: they load the blocks of an output together and
// broadcast them within the subgroup. More blocks take several dispatches, of which later ones add.
// Parts: relu.wgsl.
// Host: kernels/conv2d/small.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup: an idle second one would still compute
const SIDE: u32 = 4u;      // 4 or 2
const BLOCKS: u32 = 4u;    // 1 for maps of 2 x 2
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  images: u32,
  first_block: u32,
  channels: u32,    // of x
  first_input: u32, // where these begin among those of the weights
  inputs: u32,      // of the weights
  outputs: u32,
  channel_tiles: u32,
  run: u32,         // outputs of a subgroup
  keep: u32,        // whether to keep the existing values
  scale: f32,       // factor on the values
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> total: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> bias_total: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// A column of a block of x; zeros if there is no such image.
fn column_of(block: u32, column: u32, channel: u32) -> vec4f {
  let image = select(block * 4u + column, block, SIDE == 4u);
  let plane = min(image, params.images - 1u) * params.channels + channel;
  var value = vec4f(x[select(plane, plane * 4u + column, SIDE == 4u)]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    value = relu_vec4(value * coefficients.x + coefficients.y);
  }
  return select(vec4f(), value, image < params.images);
}

fn block_of(block: u32, channel: u32) -> mat4x4f {
  return mat4x4f(
    column_of(block, 0u, channel),
    column_of(block, 1u, channel),
    column_of(block, 2u, channel),
    column_of(block, 3u, channel),
  );
}

fn add_row(sum: vec3f, map: vec4f, g: vec4f) -> vec3f {
  return vec3f(
    sum.x + g.y * map.x + g.z * map.y + g.w * map.z,
    sum.y + g.x * map.x + g.y * map.y + g.z * map.z + g.w * map.w,
    sum.z + g.x * map.y + g.y * map.z + g.z * map.w,
  );
}

fn add_pixels(sum: mat3x3f, map: vec4f, g: vec4f) -> mat3x3f {
  return mat3x3f(
    sum[0].x + g.w * map.x,
    sum[0].y + g.z * map.x + g.w * map.y,
    sum[0].z + g.z * map.y,
    sum[1].x + g.y * map.x + g.w * map.z,
    sum[1].y + g.x * map.x + g.y * map.y + g.z * map.z + g.w * map.w,
    sum[1].z + g.x * map.y + g.z * map.w,
    sum[2].x + g.y * map.z,
    sum[2].y + g.x * map.z + g.y * map.w,
    sum[2].z + g.x * map.w,
  );
}

fn add_block(sum: mat3x3f, map: mat4x4f, g: mat4x4f) -> mat3x3f {
  if (SIDE == 4u) {
    return mat3x3f(
      add_row(add_row(add_row(sum[0], map[0], g[1]), map[1], g[2]), map[2], g[3]),
      add_row(add_row(add_row(add_row(sum[1], map[0], g[0]), map[1], g[1]), map[2], g[2]), map[3], g[3]),
      add_row(add_row(add_row(sum[2], map[1], g[0]), map[2], g[1]), map[3], g[2]),
    );
  }
  return add_pixels(add_pixels(add_pixels(add_pixels(sum, map[0], g[0]), map[1], g[1]), map[2], g[2]), map[3], g[3]);
}

fn first_block(a: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(a, 0u), subgroupBroadcast(a, 1u), subgroupBroadcast(a, 2u), subgroupBroadcast(a, 3u));
}

fn second_block(a: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(a, 4u), subgroupBroadcast(a, 5u), subgroupBroadcast(a, 6u), subgroupBroadcast(a, 7u));
}

fn accumulate(at: u32, value: vec2f) {
  var sum = params.scale * value;
  // Not read unless kept: it may be uninitialized.
  if (params.keep != 0u) {
    sum += total[at];
  }
  total[at] = sum;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) subgroup_lane: u32) {
  let tile = group.x % params.channel_tiles;
  let channel = (tile * WORKGROUP + subgroup_lane) * 2u;
  let first = group.x / params.channel_tiles * params.run;
  let end = min(params.outputs, first + params.run);
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  let loaded = min(channel, params.channels - 2u);
  let even0 = block_of(params.first_block, loaded);
  let odd0 = block_of(params.first_block, loaded + 1u);
  var even1 = mat4x4f();
  var odd1 = mat4x4f();
  var even2 = mat4x4f();
  var odd2 = mat4x4f();
  var even3 = mat4x4f();
  var odd3 = mat4x4f();
  if (BLOCKS == 4u) {
    even1 = block_of(params.first_block + 1u, loaded);
    odd1 = block_of(params.first_block + 1u, loaded + 1u);
    even2 = block_of(params.first_block + 2u, loaded);
    odd2 = block_of(params.first_block + 2u, loaded + 1u);
    even3 = block_of(params.first_block + 3u, loaded);
    odd3 = block_of(params.first_block + 3u, loaded + 1u);
  }
  // Of the eight vectors in two blocks, an invocation loads one.
  let column = params.first_block * 4u + subgroup_lane;
  let columns = select(params.images, params.images * 4u, SIDE == 4u);
  let here = min(column, columns - 1u);
  let there = min(column + 8u, columns - 1u);
  let size = select(params.outputs, params.outputs * 4u, SIDE == 4u);
  var place0 = select(here * params.outputs + first, here / 4u * size + first * 4u + here % 4u, SIDE == 4u);
  var place1 = select(there * params.outputs + first, there / 4u * size + first * 4u + there % 4u, SIDE == 4u);
  let step = select(1u, 4u, SIDE == 4u);
  var at = (first * params.inputs + params.first_input + channel) / 2u * 9u;
  for (var output = first; output < end; output++) {
    let a = vec4f(gradient[place0]);
    let g0 = first_block(a);
    var even = add_block(mat3x3f(), even0, g0);
    var odd = add_block(mat3x3f(), odd0, g0);
    var own = select(vec4f(), a, subgroup_lane < 4u * BLOCKS && column < columns);
    if (BLOCKS == 4u) {
      let g1 = second_block(a);
      even = add_block(even, even1, g1);
      odd = add_block(odd, odd1, g1);
      let b = vec4f(gradient[place1]);
      let g2 = first_block(b);
      even = add_block(even, even2, g2);
      odd = add_block(odd, odd2, g2);
      let g3 = second_block(b);
      even = add_block(even, even3, g3);
      odd = add_block(odd, odd3, g3);
      own += select(vec4f(), b, column + 8u < columns);
    }
    if (channel < params.channels) {
      accumulate(at, even[0].xy);
      accumulate(at + 1u, vec2f(even[0].z, even[1].x));
      accumulate(at + 2u, even[1].yz);
      accumulate(at + 3u, even[2].xy);
      accumulate(at + 4u, vec2f(even[2].z, odd[0].x));
      accumulate(at + 5u, odd[0].yz);
      accumulate(at + 6u, odd[1].xy);
      accumulate(at + 7u, vec2f(odd[1].z, odd[2].x));
      accumulate(at + 8u, odd[2].yz);
    }
    if (tile == 0u && params.first_input == 0u) {
      let whole = subgroupAdd((own.x + own.y) + (own.z + own.w));
      if (subgroup_lane == 0u) {
        var sum = params.scale * whole;
        if (params.keep != 0u) {
          sum += bias_total[output];
        }
        bias_total[output] = sum;
      }
    }
    place0 += step;
    place1 += step;
    at += params.inputs / 2u * 9u;
  }
}
