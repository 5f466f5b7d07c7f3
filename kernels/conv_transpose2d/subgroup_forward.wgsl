// The transposed convolution of forward.wgsl for software adapters with subgroups of 8 or 4, as a matrix product in
// the manner of gemm/nn_wide.wgsl: y[n, o, 2 i + p, 2 j + q] = bias[o] + sum over c of w[c, o, p, q] * x[n, c, i, j].
// Layout: x and y NCHW, even input width and channels, w[c][o][p][q], read and written in place.
// Work: one subgroup per OUTPUTS outputs of 4 pairs of neighboring pixels per invocation, which may belong to different
// images. All invocations need the weights: each loads those of one output and broadcasts them within the subgroup.
// Parts: pairs.wgsl, relu.wgsl.
// Host: kernels/conv_transpose2d/subgroup.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 8u; // or 4; one subgroup: an idle second one would still compute
const OUTPUTS: u32 = 8u;   // 4 or 8
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  inputs: u32,
  outputs: u32,
  row_pairs: u32,    // width / 2
  plane_pairs: u32,  // height * width / 2
  pairs: u32,        // of all images
  output_tiles: u32,
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec2f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

fn load(at: u32, plane: u32) -> vec2f {
  let value = vec2f(x[at]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    return relu_vec4((value * coefficients.x + coefficients.y).xyxy).xy;
  }
  return value;
}

fn store(at: u32, offset: f32, above: vec4f, below: vec4f) {
  y[at] = Y(above + offset);
  y[at + params.row_pairs] = Y(below + offset);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let index = group.y * groups.x + group.x;
  let output = index % params.output_tiles * OUTPUTS;
  let first = index / params.output_tiles * 4u * WORKGROUP + subgroup_lane;
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  let pairs = min(first + WORKGROUP * vec4u(0u, 1u, 2u, 3u), vec4u(params.pairs - 1u));
  var plane = pairs / params.plane_pairs * params.inputs;
  var at = plane * params.plane_pairs + pairs % params.plane_pairs;
  var weights = min(output + subgroup_lane % OUTPUTS, params.outputs - 1u);
  // Columns are taps, components pixels.
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
  for (var channel = 0u; channel < params.inputs; channel += 2u) {
    let next = at + params.plane_pairs;
    // Columns are channels, components pixels.
    let x0 = mat2x4f(
      vec4f(load(at.x, plane.x), load(at.y, plane.y)),
      vec4f(load(next.x, plane.x + 1u), load(next.y, plane.y + 1u)),
    );
    let x1 = mat2x4f(
      vec4f(load(at.z, plane.z), load(at.w, plane.w)),
      vec4f(load(next.z, plane.z + 1u), load(next.w, plane.w + 1u)),
    );
    let even = w[weights];
    let odd = w[weights + params.outputs];
    let w0 = transpose(mat2x4f(subgroupBroadcast(even, 0u), subgroupBroadcast(odd, 0u)));
    c00 += x0 * w0;
    c01 += x1 * w0;
    let w1 = transpose(mat2x4f(subgroupBroadcast(even, 1u), subgroupBroadcast(odd, 1u)));
    c10 += x0 * w1;
    c11 += x1 * w1;
    let w2 = transpose(mat2x4f(subgroupBroadcast(even, 2u), subgroupBroadcast(odd, 2u)));
    c20 += x0 * w2;
    c21 += x1 * w2;
    let w3 = transpose(mat2x4f(subgroupBroadcast(even, 3u), subgroupBroadcast(odd, 3u)));
    c30 += x0 * w3;
    c31 += x1 * w3;
    if (OUTPUTS == 8u) {
      let w4 = transpose(mat2x4f(subgroupBroadcast(even, 4u), subgroupBroadcast(odd, 4u)));
      c40 += x0 * w4;
      c41 += x1 * w4;
      let w5 = transpose(mat2x4f(subgroupBroadcast(even, 5u), subgroupBroadcast(odd, 5u)));
      c50 += x0 * w5;
      c51 += x1 * w5;
      let w6 = transpose(mat2x4f(subgroupBroadcast(even, 6u), subgroupBroadcast(odd, 6u)));
      c60 += x0 * w6;
      c61 += x1 * w6;
      let w7 = transpose(mat2x4f(subgroupBroadcast(even, 7u), subgroupBroadcast(odd, 7u)));
      c70 += x0 * w7;
      c71 += x1 * w7;
    }
    at += 2u * params.plane_pairs;
    plane += 2u;
    weights += 2u * params.outputs;
  }
  // Where the patches of output 0 lie. Divisions are slow: none in the loop.
  let to = pairs / params.plane_pairs * params.outputs * 2u * params.plane_pairs + place(pairs % params.plane_pairs);
  let exists = first + WORKGROUP * vec4u(0u, 1u, 2u, 3u) < vec4u(params.pairs);
  // A loop: unrolled stores would each cost a software adapter seconds of compilation.
  var tiles = array<mat4x4f, 16>(c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71);
  for (var i = 0u; i < 2u * OUTPUTS && output + i / 2u < params.outputs; i++) {
    let taps = tiles[i];
    let offset = bias[output + i / 2u];
    let plane_at = (output + i / 2u) * 2u * params.plane_pairs;
    let at_pairs = plane_at + select(to.xy, to.zw, i % 2u == 1u);
    let stored = select(exists.xy, exists.zw, i % 2u == 1u);
    if (stored.x) {
      let above = vec4f(taps[0].x, taps[1].x, taps[0].y, taps[1].y);
      store(at_pairs.x, offset, above, vec4f(taps[2].x, taps[3].x, taps[2].y, taps[3].y));
    }
    if (stored.y) {
      let above = vec4f(taps[0].z, taps[1].z, taps[0].w, taps[1].w);
      store(at_pairs.y, offset, above, vec4f(taps[2].z, taps[3].z, taps[2].w, taps[3].w));
    }
  }
}
