// 3 x 3 convolution with zero padding 1 over whole maps of 4 x 4 or 2 x 2 pixels, for software adapters with subgroups
// of 8: y[n, o, i, j] = bias[o] + sum over c, p, q of w[o, c, p, q] * x[n, c, i + p - 1, j + q - 1].
// Layout: x and y NCHW, w OIHW, read and written in place; channels even.
// Work: one subgroup per 16 outputs, two per invocation, of BLOCKS blocks (small_maps.wgsl). All invocations need x: they
// load two channels of a block together and broadcast them within the subgroup.
// Parts: epilogue.wgsl, relu.wgsl, small_maps.wgsl.
// Host: kernels/conv2d/small.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup: an idle second one would still compute
const SIDE: u32 = 4u;      // 4 or 2
const BLOCKS: u32 = 2u;    // 1 for maps of 2 x 2
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel
const ADDS: bool = false;

struct Params {
  images: u32,
  channels: u32,    // of x
  first_input: u32, // where these begin among those of the weights
  inputs: u32,      // of the weights
  outputs: u32,
  groups: u32,      // of BLOCKS blocks, neighbors in the grid: they share weights
  flags: u32,       // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<vec2f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// The vector that an invocation loads of the first two channels of a block.
fn place_of(block: u32, lane: u32) -> u32 {
  if (SIDE == 4u) {
    return min(block, params.images - 1u) * params.channels * 4u + lane;
  }
  return min(block * 4u + lane / 2u, params.images - 1u) * params.channels + lane % 2u;
}

fn load(place: u32) -> vec4f {
  let value = vec4f(x[place]);
  if (NORMALIZED) {
    let coefficients = affine[select(place, place / 4u, SIDE == 4u)];
    return relu_vec4(value * coefficients.x + coefficients.y);
  }
  return value;
}

struct Taps {
  even: mat3x3f,
  odd: mat3x3f,
}

fn taps_at(at: u32) -> Taps {
  let w0 = w[at];
  let w1 = w[at + 1u];
  let w2 = w[at + 2u];
  let w3 = w[at + 3u];
  let w4 = w[at + 4u];
  let w5 = w[at + 5u];
  let w6 = w[at + 6u];
  let w7 = w[at + 7u];
  let w8 = w[at + 8u];
  return Taps(
    mat3x3f(vec3f(w0, w1.x), vec3f(w1.y, w2), vec3f(w3, w4.x)),
    mat3x3f(vec3f(w4.y, w5), vec3f(w6, w7.x), vec3f(w7.y, w8)),
  );
}

fn store(block: u32, output: u32, sums: mat4x4f) {
  var offset = 0.0;
  if ((params.flags & BIAS) != 0u) {
    offset = bias[output];
  }
  // A loop: each unrolled store costs a software adapter time to compile.
  var columns = array<vec4f, 4>(sums[0], sums[1], sums[2], sums[3]);
  let image = select(block * 4u, block, SIDE == 4u);
  let stored = select(min(4u, params.images - min(image, params.images)), 4u, SIDE == 4u);
  for (var i = 0u; i < stored; i++) {
    let at = select((image + i) * params.outputs + output, (image * params.outputs + output) * 4u + i, SIDE == 4u);
    var value = columns[i];
    if (ADDS) {
      value += vec4f(y[at]);
    }
    value += offset;
    if ((params.flags & RELU) != 0u) {
      value = relu_vec4(value);
    }
    y[at] = Y(value);
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) subgroup_lane: u32) {
  let output = (group.x / params.groups * WORKGROUP + subgroup_lane) * 2u;
  let block = group.x % params.groups * BLOCKS;
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  let step = params.inputs / 2u * 9u;
  var at = min(output, params.outputs - 2u) * step + params.first_input / 2u * 9u;
  var place0 = place_of(block, subgroup_lane);
  var place1 = place_of(block + 1u, subgroup_lane);
  var first0 = mat4x4f();
  var second0 = mat4x4f();
  var first1 = mat4x4f();
  var second1 = mat4x4f();
  for (var channel = 0u; channel < params.channels; channel += 2u) {
    let first = taps_at(at);
    let second = taps_at(at + step);
    let a0 = load(place0);
    let even0 = channel0(a0);
    let odd0 = channel1(a0);
    first0 += add_channel(add_channel(mat4x4f(), even0, first.even), odd0, first.odd);
    second0 += add_channel(add_channel(mat4x4f(), even0, second.even), odd0, second.odd);
    if (BLOCKS == 2u) {
      let a1 = load(place1);
      let even1 = channel0(a1);
      let odd1 = channel1(a1);
      first1 += add_channel(add_channel(mat4x4f(), even1, first.even), odd1, first.odd);
      second1 += add_channel(add_channel(mat4x4f(), even1, second.even), odd1, second.odd);
    }
    at += 9u;
    place0 += select(2u, 8u, SIDE == 4u);
    place1 += select(2u, 8u, SIDE == 4u);
  }
  if (output >= params.outputs) {
    return;
  }
  store(block, output, first0);
  store(block, output + 1u, second0);
  if (BLOCKS == 2u && block + 1u < params.images) {
    store(block + 1u, output, first1);
    store(block + 1u, output + 1u, second1);
  }
}
