// Direct 3 x 3 convolution, zero padding 1, for few channels:
// y[n, o, i, j] = sum over c, p, q of w[o, c, p, q] * x[n, c, i + p - 1, j + q - 1].
// The input gradient is the same sum over the output's gradient, with flipped weights. The channels of a second input
// tensor (a skip) are added by a second dispatch with the flag ADD.
// Layout: x and y NCHW, height a multiple of 4, width of 8; weights[c][p][q][8] for each tile of 8 outputs.
// Work: one invocation per 4 x 8 patch and 8 outputs; workgroups.y counts tiles of outputs. Large patches read few
// border pixels. A sum takes all nine taps of a channel in a row: the sums do not fit the registers, and so are loaded
// once per channel rather than nine times. Software adapters read the weights four times faster from a uniform than
// from storage.
// Parts: epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/direct.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  height: u32,
  width: u32,
  patches: u32,        // images * (height / 4) * (width / 8)
  channels: u32,       // of x
  first_channel: u32,  // where these begin among those of the weights
  depth: u32,          // input channels of the weights
  outputs: u32,        // channels of y
  flags: u32,          // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Gate = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<uniform> weights: array<vec4f, 4096>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<Gate>;
@group(0) @binding(5) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> y: array<Y>;
@group(0) @binding(7) var<uniform> params: Params;

// Half a row of the patch, shifted for the taps q = 0, 1, 2.
alias Taps = mat3x4f;

struct Row {
  left: Taps,
  right: Taps,
}

// A row of the patch with its border.
fn load_row(plane: u32, y: i32, column: u32, coefficients: vec2f) -> Row {
  let vectors = params.width / 4u;
  let inside = y >= 0 && y < i32(params.height);
  let row = plane + select(0u, u32(y), inside) * vectors;
  var before = f32(x[row + max(column, 1u) - 1u].w);
  var left = vec4f(x[row + column]);
  var right = vec4f(x[row + column + 1u]);
  var behind = f32(x[row + min(column + 2u, vectors - 1u)].x);
  if (NORMALIZED) {
    before = relu(before * coefficients.x + coefficients.y);
    left = relu_vec4(left * coefficients.x + coefficients.y);
    right = relu_vec4(right * coefficients.x + coefficients.y);
    behind = relu(behind * coefficients.x + coefficients.y);
  }
  before = select(0.0, before, inside && column > 0u);
  left = select(vec4f(), left, inside);
  right = select(vec4f(), right, inside);
  behind = select(0.0, behind, inside && column + 2u < vectors);
  return Row(
    Taps(vec4f(before, left.xyz), left, vec4f(left.yzw, right.x)),
    Taps(vec4f(left.w, right.xyz), right, vec4f(right.yzw, behind)),
  );
}

// One channel's contribution to half a patch of one output; columns are rows of the patch.
fn sums(w: mat3x3f, r0: Taps, r1: Taps, r2: Taps, r3: Taps, r4: Taps, r5: Taps) -> mat4x4f {
  return mat4x4f(
    r0 * w[0] + r1 * w[1] + r2 * w[2],
    r1 * w[0] + r2 * w[1] + r3 * w[2],
    r2 * w[0] + r3 * w[1] + r4 * w[2],
    r3 * w[0] + r4 * w[1] + r5 * w[2],
  );
}

// The epilogue of every convolution. Forward: bias and ReLU. Backward: the ReLU's derivative, read off the activation
// or its normalized value, so that no mask is stored. Few branches: a software adapter executes all of them.
fn store(image: u32, channel: u32, row: u32, column: u32, left: mat4x4f, right: mat4x4f) {
  if (channel >= params.outputs) {
    return;
  }
  let plane = image * params.outputs + channel;
  let offset = select(0.0, bias[channel], (params.flags & BIAS) != 0u);
  let normalized = (params.flags & GATE_NORMALIZED) != 0u;
  let coefficients = select(vec2f(1.0, 0.0), gate_affine[select(0u, plane, normalized)], normalized);
  let vectors = params.width / 4u;
  let at = (plane * params.height + row) * vectors + column;
  store_row(at, offset, coefficients, left[0], right[0]);
  store_row(at + vectors, offset, coefficients, left[1], right[1]);
  store_row(at + 2u * vectors, offset, coefficients, left[2], right[2]);
  store_row(at + 3u * vectors, offset, coefficients, left[3], right[3]);
}

fn store_row(at: u32, offset: f32, coefficients: vec2f, left: vec4f, right: vec4f) {
  var l = left + offset;
  var r = right + offset;
  if ((params.flags & ADD) != 0u) {
    l += vec4f(y[at]);
    r += vec4f(y[at + 1u]);
  }
  if ((params.flags & RELU) != 0u) {
    l = relu_vec4(l);
    r = relu_vec4(r);
  }
  if ((params.flags & GATE) != 0u) {
    l = select(vec4f(), l, vec4f(gate[at]) * coefficients.x + coefficients.y > vec4f());
    r = select(vec4f(), r, vec4f(gate[at + 1u]) * coefficients.x + coefficients.y > vec4f());
  }
  y[at] = Y(l);
  y[at + 1u] = Y(r);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let patch_index = group.x * WORKGROUP + lane;
  if (patch_index >= params.patches) {
    return;
  }
  let columns = params.width / 8u;
  let image_patches = columns * (params.height / 4u);
  let image = patch_index / image_patches;
  let row = (patch_index % image_patches) / columns * 4u;
  let column = patch_index % columns * 2u;
  let plane_size = params.height * params.width / 4u;
  var left0 = mat4x4f();
  var right0 = mat4x4f();
  var left1 = mat4x4f();
  var right1 = mat4x4f();
  var left2 = mat4x4f();
  var right2 = mat4x4f();
  var left3 = mat4x4f();
  var right3 = mat4x4f();
  var left4 = mat4x4f();
  var right4 = mat4x4f();
  var left5 = mat4x4f();
  var right5 = mat4x4f();
  var left6 = mat4x4f();
  var right6 = mat4x4f();
  var left7 = mat4x4f();
  var right7 = mat4x4f();
  var w = (group.y * params.depth + params.first_channel) * 18u;
  for (var channel = 0u; channel < params.channels; channel++) {
    let source = image * params.channels + channel;
    let plane = source * plane_size;
    var coefficients = vec2f();
    if (NORMALIZED) {
      coefficients = affine[source];
    }
    let y0 = i32(row) - 1;
    let r0 = load_row(plane, y0, column, coefficients);
    let r1 = load_row(plane, y0 + 1, column, coefficients);
    let r2 = load_row(plane, y0 + 2, column, coefficients);
    let r3 = load_row(plane, y0 + 3, column, coefficients);
    let r4 = load_row(plane, y0 + 4, column, coefficients);
    let r5 = load_row(plane, y0 + 5, column, coefficients);
    // Transposing three taps of four outputs gives one vector per output.
    let a0 = transpose(mat3x4f(weights[w + 0u], weights[w + 2u], weights[w + 4u]));
    let a1 = transpose(mat3x4f(weights[w + 6u], weights[w + 8u], weights[w + 10u]));
    let a2 = transpose(mat3x4f(weights[w + 12u], weights[w + 14u], weights[w + 16u]));
    let b0 = transpose(mat3x4f(weights[w + 1u], weights[w + 3u], weights[w + 5u]));
    let b1 = transpose(mat3x4f(weights[w + 7u], weights[w + 9u], weights[w + 11u]));
    let b2 = transpose(mat3x4f(weights[w + 13u], weights[w + 15u], weights[w + 17u]));
    let w0 = mat3x3f(a0[0], a1[0], a2[0]);
    left0 += sums(w0, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right0 += sums(w0, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w1 = mat3x3f(a0[1], a1[1], a2[1]);
    left1 += sums(w1, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right1 += sums(w1, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w2 = mat3x3f(a0[2], a1[2], a2[2]);
    left2 += sums(w2, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right2 += sums(w2, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w3 = mat3x3f(a0[3], a1[3], a2[3]);
    left3 += sums(w3, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right3 += sums(w3, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w4 = mat3x3f(b0[0], b1[0], b2[0]);
    left4 += sums(w4, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right4 += sums(w4, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w5 = mat3x3f(b0[1], b1[1], b2[1]);
    left5 += sums(w5, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right5 += sums(w5, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w6 = mat3x3f(b0[2], b1[2], b2[2]);
    left6 += sums(w6, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right6 += sums(w6, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    let w7 = mat3x3f(b0[3], b1[3], b2[3]);
    left7 += sums(w7, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
    right7 += sums(w7, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
    w += 18u;
  }
  // A loop over outputs: unrolled loads and stores would each cost a software adapter seconds of compilation.
  var patches = array<mat4x4f, 16>(
    left0, right0, left1, right1, left2, right2, left3, right3,
    left4, right4, left5, right5, left6, right6, left7, right7,
  );
  for (var i = 0u; i < 8u; i++) {
    store(image, group.y * 8u + i, row, column, patches[2u * i], patches[2u * i + 1u]);
  }
}
