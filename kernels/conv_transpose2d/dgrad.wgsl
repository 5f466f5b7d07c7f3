// Input gradient of a 2 x 2 transposed convolution with stride 2, input width a multiple of 4, times the derivatives of
// the ReLU (read off the activation) and of the dropout (its scale) in front of it:
// grad_input[n, c, i, j] = scale * gate * sum over o, p, q of w[c, o, p, q] * gradient[n, o, 2 i + p, 2 j + q].
// Layout: NCHW, w[c][o][p][q].
// Work: one invocation per 8 channels of 16 neighboring input pixels, in registers.
// Parts: epilogue.wgsl, taps.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  inputs: u32,
  outputs: u32,
  row_vectors: u32,   // width / 4
  plane_vectors: u32, // height * width / 4
  tiles: u32,         // of 4 vectors in an image; the last may be shorter
  images: u32,
  flags: u32,         // of epilogue.wgsl
  scale: f32,         // 1, or 1 / (1 - p) after dropout
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;
alias Gate = vec4f;
alias GradInput = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

fn store(image: u32, channel: u32, vector: u32, sums: mat4x4f) {
  if (channel >= params.inputs) {
    return;
  }
  let plane = image * params.inputs + channel;
  let gated = (params.flags & GATE) != 0u;
  let normalized = (params.flags & GATE_NORMALIZED) != 0u;
  let coefficients = select(vec2f(1.0, 0.0), gate_affine[select(0u, plane, normalized)], normalized);
  store_vector(plane, vector, sums[0], gated, coefficients);
  store_vector(plane, vector + 1u, sums[1], gated, coefficients);
  store_vector(plane, vector + 2u, sums[2], gated, coefficients);
  store_vector(plane, vector + 3u, sums[3], gated, coefficients);
}

fn store_vector(plane: u32, vector: u32, sum: vec4f, gated: bool, coefficients: vec2f) {
  if (vector >= params.plane_vectors) {
    return;
  }
  let at = plane * params.plane_vectors + vector;
  var value = params.scale * sum;
  if (gated) {
    value = select(vec4f(), value, vec4f(gate[at]) * coefficients.x + coefficients.y > vec4f());
  }
  grad_input[at] = GradInput(value);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  let tiles = params.images * params.tiles;
  let channel = index / tiles * 8u;
  if (channel >= params.inputs) {
    return;
  }
  let image = index % tiles / params.tiles;
  let vector = index % params.tiles * 4u;
  let last = params.plane_vectors - 1u;
  let last_channel = params.inputs - 1u;
  // Columns are vectors of pixels.
  var c0 = mat4x4f();
  var c1 = mat4x4f();
  var c2 = mat4x4f();
  var c3 = mat4x4f();
  var c4 = mat4x4f();
  var c5 = mat4x4f();
  var c6 = mat4x4f();
  var c7 = mat4x4f();
  let p0 = place(vector);
  let p1 = place(min(vector + 1u, last));
  let p2 = place(min(vector + 2u, last));
  let p3 = place(min(vector + 3u, last));
  let w0 = channel * params.outputs;
  let w1 = min(channel + 1u, last_channel) * params.outputs;
  let w2 = min(channel + 2u, last_channel) * params.outputs;
  let w3 = min(channel + 3u, last_channel) * params.outputs;
  let w4 = min(channel + 4u, last_channel) * params.outputs;
  let w5 = min(channel + 5u, last_channel) * params.outputs;
  let w6 = min(channel + 6u, last_channel) * params.outputs;
  let w7 = min(channel + 7u, last_channel) * params.outputs;
  var plane = image * params.outputs * 4u * params.plane_vectors;
  for (var output = 0u; output < params.outputs; output++) {
    let g0 = gather(plane + p0);
    let g1 = gather(plane + p1);
    let g2 = gather(plane + p2);
    let g3 = gather(plane + p3);
    let u0 = w[w0 + output];
    c0 += mat4x4f(g0 * u0, g1 * u0, g2 * u0, g3 * u0);
    let u1 = w[w1 + output];
    c1 += mat4x4f(g0 * u1, g1 * u1, g2 * u1, g3 * u1);
    let u2 = w[w2 + output];
    c2 += mat4x4f(g0 * u2, g1 * u2, g2 * u2, g3 * u2);
    let u3 = w[w3 + output];
    c3 += mat4x4f(g0 * u3, g1 * u3, g2 * u3, g3 * u3);
    let u4 = w[w4 + output];
    c4 += mat4x4f(g0 * u4, g1 * u4, g2 * u4, g3 * u4);
    let u5 = w[w5 + output];
    c5 += mat4x4f(g0 * u5, g1 * u5, g2 * u5, g3 * u5);
    let u6 = w[w6 + output];
    c6 += mat4x4f(g0 * u6, g1 * u6, g2 * u6, g3 * u6);
    let u7 = w[w7 + output];
    c7 += mat4x4f(g0 * u7, g1 * u7, g2 * u7, g3 * u7);
    plane += 4u * params.plane_vectors;
  }
  store(image, channel, vector, c0);
  store(image, channel + 1u, vector, c1);
  store(image, channel + 2u, vector, c2);
  store(image, channel + 3u, vector, c3);
  store(image, channel + 4u, vector, c4);
  store(image, channel + 5u, vector, c5);
  store(image, channel + 6u, vector, c6);
  store(image, channel + 7u, vector, c7);
}
