// Input gradient of a 3 x 3 convolution over whole maps of 4 x 4 or 2 x 2 pixels, as in small_forward.wgsl:
// grad_input[n, c, i, j] = sum over o, p, q of w[o, c, p, q] * gradient[n, o, i + 1 - p, j + 1 - q], times the derivative
// of the ReLU in front, read off the activation or its normalized value.
// Layout: NCHW, w OIHW, read and written in place; channels even.
// Work: one subgroup per 16 channels, two per invocation, of BLOCKS blocks (small_maps.wgsl). All invocations need the
// gradient: they load two outputs of a block together and broadcast them within the subgroup.
// Parts: epilogue.wgsl, small_maps.wgsl.
// Host: kernels/conv2d/small.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup: an idle second one would still compute
const SIDE: u32 = 4u;      // 4 or 2
const BLOCKS: u32 = 2u;    // 1 for maps of 2 x 2

struct Params {
  images: u32,
  channels: u32,    // of grad_input
  first_input: u32, // where these begin among those of the weights
  inputs: u32,      // of the weights
  outputs: u32,
  groups: u32,      // of BLOCKS blocks, neighbors in the grid: they share weights
  flags: u32,       // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;
alias Gate = vec4f;
alias GradInput = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read> w: array<vec2f>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

// The vector that an invocation loads of the first two outputs of a block.
fn place_of(block: u32, lane: u32) -> u32 {
  if (SIDE == 4u) {
    return min(block, params.images - 1u) * params.outputs * 4u + lane;
  }
  return min(block * 4u + lane / 2u, params.images - 1u) * params.outputs + lane % 2u;
}

// The flipped taps of two neighboring channels, whose weights begin at a pair.
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
    mat3x3f(vec3f(w4.x, w3.yx), vec3f(w2.yx, w1.y), vec3f(w1.x, w0.yx)),
    mat3x3f(vec3f(w8.yx, w7.y), vec3f(w7.x, w6.yx), vec3f(w5.yx, w4.y)),
  );
}

fn store(block: u32, channel: u32, sums: mat4x4f) {
  // A loop: each unrolled store costs a software adapter time to compile.
  var columns = array<vec4f, 4>(sums[0], sums[1], sums[2], sums[3]);
  let image = select(block * 4u, block, SIDE == 4u);
  let stored = select(min(4u, params.images - min(image, params.images)), 4u, SIDE == 4u);
  for (var i = 0u; i < stored; i++) {
    let plane = select(image + i, image, SIDE == 4u) * params.channels + channel;
    let at = select(plane, plane * 4u + i, SIDE == 4u);
    var value = columns[i];
    if ((params.flags & GATE) != 0u) {
      var activation = vec4f(gate[at]);
      if ((params.flags & GATE_NORMALIZED) != 0u) {
        let coefficients = gate_affine[plane];
        activation = activation * coefficients.x + coefficients.y;
      }
      value = select(vec4f(), value, activation > vec4f());
    }
    grad_input[at] = GradInput(value);
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) subgroup_lane: u32) {
  let channel = (group.x / params.groups * WORKGROUP + subgroup_lane) * 2u;
  let block = group.x % params.groups * BLOCKS;
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  var at = (params.first_input + min(channel, params.channels - 2u)) / 2u * 9u;
  let step = params.inputs / 2u * 9u;
  var place0 = place_of(block, subgroup_lane);
  var place1 = place_of(block + 1u, subgroup_lane);
  var even0 = mat4x4f();
  var odd0 = mat4x4f();
  var even1 = mat4x4f();
  var odd1 = mat4x4f();
  for (var output = 0u; output < params.outputs; output += 2u) {
    let first = taps_at(at);
    let second = taps_at(at + step);
    let a0 = vec4f(gradient[place0]);
    let block0_first = channel0(a0);
    let block0_second = channel1(a0);
    even0 += add_channel(add_channel(mat4x4f(), block0_first, first.even), block0_second, second.even);
    odd0 += add_channel(add_channel(mat4x4f(), block0_first, first.odd), block0_second, second.odd);
    if (BLOCKS == 2u) {
      let a1 = vec4f(gradient[place1]);
      let block1_first = channel0(a1);
      let block1_second = channel1(a1);
      even1 += add_channel(add_channel(mat4x4f(), block1_first, first.even), block1_second, second.even);
      odd1 += add_channel(add_channel(mat4x4f(), block1_first, first.odd), block1_second, second.odd);
    }
    at += 2u * step;
    place0 += select(2u, 8u, SIDE == 4u);
    place1 += select(2u, 8u, SIDE == 4u);
  }
  if (channel >= params.channels) {
    return;
  }
  store(block, channel, even0);
  store(block, channel + 1u, odd0);
  if (BLOCKS == 2u && block + 1u < params.images) {
    store(block + 1u, channel, even1);
    store(block + 1u, channel + 1u, odd1);
  }
}
