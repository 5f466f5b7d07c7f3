// The input gradient of dgrad.wgsl for software adapters with subgroups of 8 or 4, as a matrix product in the
// manner of gemm/nn_wide.wgsl:
// grad_input[n, c, i, j] = scale * gate * sum over o, p, q of w[c, o, p, q] * gradient[n, o, 2 i + p, 2 j + q].
// Layout: NCHW, even input width, channels a multiple of 4; weights transposed, w_transposed[o][p][q][c]: rows of
// neighboring weights take half the time of strided ones.
// Work: one subgroup per 4 * CHANNEL_VECTORS channels of 4 pairs of neighboring pixels per invocation, which may belong
// to different images. All invocations need the weights: each loads one vector and broadcasts it within the subgroup.
// Parts: epilogue.wgsl, pairs.wgsl.
// Host: kernels/conv_transpose2d/subgroup.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 8u;       // or 4; one subgroup: an idle second one would still compute
const CHANNEL_VECTORS: u32 = 8u; // 4 or 8

struct Params {
  inputs: u32,
  outputs: u32,
  row_pairs: u32,    // width / 2
  plane_pairs: u32,  // height * width / 2
  pairs: u32,        // of all images
  channel_tiles: u32,
  flags: u32,        // of epilogue.wgsl
  scale: f32,        // 1, or 1 / (1 - p) after dropout
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;
alias Gate = vec2f;
alias GradInput = vec2f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read> w_transposed: array<vec4f>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

// The gradients that two pairs of pixels receive from a row of the output: columns are taps, components pixels.
fn gather(first: u32, second: u32) -> mat2x4f {
  let left = vec4f(gradient[first]);
  let right = vec4f(gradient[second]);
  return mat2x4f(vec4f(left.xz, right.xz), vec4f(left.yw, right.yw));
}

fn store(at: u32, plane: u32, sum: vec2f) {
  var value = params.scale * sum;
  if ((params.flags & GATE) != 0u) {
    var open = vec2f(gate[at]);
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      open = open * coefficients.x + coefficients.y;
    }
    value = select(vec2f(), value, open > vec2f());
  }
  grad_input[at] = GradInput(value);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let index = group.y * groups.x + group.x;
  let vector = index % params.channel_tiles * CHANNEL_VECTORS;
  let first = index / params.channel_tiles * 4u * WORKGROUP + subgroup_lane;
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  let pairs = min(first + WORKGROUP * vec4u(0u, 1u, 2u, 3u), vec4u(params.pairs - 1u));
  let images = pairs / params.plane_pairs;
  let within = pairs % params.plane_pairs;
  var at = images * params.outputs * 2u * params.plane_pairs + place(within);
  let row_vectors = params.inputs / 4u;
  var weights = min(vector + subgroup_lane % CHANNEL_VECTORS, row_vectors - 1u);
  // Columns are channels, components pixels.
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c20 = mat4x4f();
  var c21 = mat4x4f();
  var c30 = mat4x4f();
  var c31 = mat4x4f();
  var c40 = mat4x4f();
  var c41 = mat4x4f();
  var c50 = mat4x4f();
  var c51 = mat4x4f();
  var c60 = mat4x4f();
  var c61 = mat4x4f();
  var c70 = mat4x4f();
  var c71 = mat4x4f();
  // Each output has two rows of taps.
  for (var row = 0u; row < 2u * params.outputs; row++) {
    let g0 = gather(at.x, at.y);
    let g1 = gather(at.z, at.w);
    let left = w_transposed[weights];
    let right = w_transposed[weights + row_vectors];
    let w0 = transpose(mat2x4f(subgroupBroadcast(left, 0u), subgroupBroadcast(right, 0u)));
    c00 += g0 * w0;
    c01 += g1 * w0;
    let w1 = transpose(mat2x4f(subgroupBroadcast(left, 1u), subgroupBroadcast(right, 1u)));
    c10 += g0 * w1;
    c11 += g1 * w1;
    let w2 = transpose(mat2x4f(subgroupBroadcast(left, 2u), subgroupBroadcast(right, 2u)));
    c20 += g0 * w2;
    c21 += g1 * w2;
    let w3 = transpose(mat2x4f(subgroupBroadcast(left, 3u), subgroupBroadcast(right, 3u)));
    c30 += g0 * w3;
    c31 += g1 * w3;
    if (CHANNEL_VECTORS == 8u) {
      let w4 = transpose(mat2x4f(subgroupBroadcast(left, 4u), subgroupBroadcast(right, 4u)));
      c40 += g0 * w4;
      c41 += g1 * w4;
      let w5 = transpose(mat2x4f(subgroupBroadcast(left, 5u), subgroupBroadcast(right, 5u)));
      c50 += g0 * w5;
      c51 += g1 * w5;
      let w6 = transpose(mat2x4f(subgroupBroadcast(left, 6u), subgroupBroadcast(right, 6u)));
      c60 += g0 * w6;
      c61 += g1 * w6;
      let w7 = transpose(mat2x4f(subgroupBroadcast(left, 7u), subgroupBroadcast(right, 7u)));
      c70 += g0 * w7;
      c71 += g1 * w7;
    }
    // The lower row of the pixels' patches, then the upper one in the next plane.
    at += select(params.row_pairs, 2u * params.plane_pairs - params.row_pairs, row % 2u == 1u);
    weights += 2u * row_vectors;
  }
  let planes = images * params.inputs;
  let to = planes * params.plane_pairs + within;
  let exists = first + WORKGROUP * vec4u(0u, 1u, 2u, 3u) < vec4u(params.pairs);
  // A loop: unrolled stores would each cost a software adapter seconds of compilation.
  var tiles = array<mat4x4f, 16>(c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71);
  for (var i = 0u; i < 8u * CHANNEL_VECTORS; i++) {
    let channel = 4u * vector + i / 8u * 4u + i % 4u;
    if (channel >= params.inputs) {
      break;
    }
    let sums = tiles[i / 4u][i % 4u];
    let second = i / 4u % 2u == 1u;
    let stored = select(exists.xy, exists.zw, second);
    let plane_pair = select(planes.xy, planes.zw, second) + channel;
    let at_pairs = select(to.xy, to.zw, second) + channel * params.plane_pairs;
    if (stored.x) {
      store(at_pairs.x, plane_pair.x, sums.xy);
    }
    if (stored.y) {
      store(at_pairs.y, plane_pair.y, sums.zw);
    }
  }
}
