// Direct 3 x 3 convolution for few channels, with a border of zeros; a second tensor's channels are added by a second
// dispatch to what the first one left (flag 16):
// y[n,o,i,j] = sum over c, p, q of w[o,c,p,q] * x[n,c,i+p-1,j+q-1]. The input gradient is the same sum over the
// output's gradient, with the weights packed turned by 180 degrees.
// Layout: x and y NCHW, height even, width a multiple of 4; weights[c][p][q][8] for each tile of 8 outputs.
// Work: an invocation owns 8 outputs of a 2 x 4 patch in registers; the weights stand in a 64 KiB uniform window,
// which software adapters read four times faster than a storage buffer. workgroups.y counts tiles of outputs.
// Host: kernels/conv2d/direct.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), scale and shift by picture and channel

struct Params {
  height: u32,
  width: u32,
  patches: u32,        // images * (height / 2) * (width / 4)
  channels: u32,       // of x
  first_channel: u32,  // where they stand among those that the weights have
  depth: u32,          // channels that the weights have
  outputs: u32,        // channels of y
  flags: u32,          // 1 add bias, 2 ReLU, 4 gate, 8 the gate is normalised, 16 add to what y holds
}

const BIAS: u32 = 1u;
const RELU: u32 = 2u;
const GATE: u32 = 4u;
const GATE_NORMALIZED: u32 = 8u;
const ADD: u32 = 16u;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<uniform> weights: array<vec4f, 4096>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<vec4f>;
@group(0) @binding(5) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(7) var<uniform> params: Params;

fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

// Not max(x, 0), which would turn what is not a number into 0 and hide it.
fn relu(x: vec4f, wanted: bool) -> vec4f {
  return select(x, vec4f(), vec4<bool>(wanted) & (x < vec4f()));
}

// A row of the patch with its border, as the three vectors that the taps q = 0, 1, 2 multiply.
fn load_row(plane: u32, y: i32, column: u32, coefficients: vec2f) -> mat3x4f {
  let vectors = params.width / 4u;
  let inside = y >= 0 && y < i32(params.height);
  let row = plane + select(0u, u32(y), inside) * vectors;
  let before = row + max(column, 1u) - 1u;
  let behind = row + min(column + 1u, vectors - 1u);
  var left = x[before].w;
  var middle = x[row + column];
  var right = x[behind].x;
  if (NORMALIZED) {
    left = relu(vec4f(left * coefficients.x + coefficients.y), true).x;
    middle = relu(middle * coefficients.x + coefficients.y, true);
    right = relu(vec4f(right * coefficients.x + coefficients.y), true).x;
  }
  left = select(0.0, left, inside && column > 0u);
  middle = select(vec4f(), middle, inside);
  right = select(0.0, right, inside && column + 1u < vectors);
  return mat3x4f(vec4f(left, middle.xyz), middle, vec4f(middle.yzw, right));
}

// The epilogue of every convolution: bias and ReLU forward; backward the ReLU's derivative, read off the activation
// itself (or off its normalised value), so that no mask is ever stored. Branches are few, for a software adapter
// compiles each of them in every invocation's path.
fn store(image: u32, channel: u32, row: u32, column: u32, rows: mat2x4f) {
  if (channel >= params.outputs) {
    return;
  }
  let vectors = params.width / 4u;
  let plane = image * params.outputs + channel;
  let at = (plane * params.height + row) * vectors + column;
  let offset = vec4f(select(0.0, bias[channel], (params.flags & BIAS) != 0u));
  var r0 = rows[0] + offset;
  var r1 = rows[1] + offset;
  if ((params.flags & ADD) != 0u) {
    r0 += y[at];
    r1 += y[at + vectors];
  }
  r0 = relu(r0, (params.flags & RELU) != 0u);
  r1 = relu(r1, (params.flags & RELU) != 0u);
  if ((params.flags & GATE) != 0u) {
    let normalized = (params.flags & GATE_NORMALIZED) != 0u;
    let coefficients = select(vec2f(1.0, 0.0), gate_affine[select(0u, plane, normalized)], normalized);
    let zero = vec4f();
    r0 = select(zero, r0, gate[at] * coefficients.x + coefficients.y > zero);
    r1 = select(zero, r1, gate[at + vectors] * coefficients.x + coefficients.y > zero);
  }
  y[at] = r0;
  y[at + vectors] = r1;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let patch_index = group.x * WORKGROUP + lane;
  if (patch_index >= params.patches) {
    return;
  }
  let columns = params.width / 4u;
  let image_patches = columns * (params.height / 2u);
  let image = patch_index / image_patches;
  let row = (patch_index % image_patches) / columns * 2u;
  let column = patch_index % columns;
  let plane_size = params.height * columns;
  // Two tiles of 4 outputs by 2 rows; column vectors of a matrix are outputs, their components pixels.
  var acc00 = mat4x4f();
  var acc01 = mat4x4f();
  var acc10 = mat4x4f();
  var acc11 = mat4x4f();
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
    let w00 = weights[w];
    acc00 += outer(w00, r0[0]);
    acc01 += outer(w00, r1[0]);
    let w01 = weights[w + 1u];
    acc10 += outer(w01, r0[0]);
    acc11 += outer(w01, r1[0]);
    let w10 = weights[w + 2u];
    acc00 += outer(w10, r0[1]);
    acc01 += outer(w10, r1[1]);
    let w11 = weights[w + 3u];
    acc10 += outer(w11, r0[1]);
    acc11 += outer(w11, r1[1]);
    let w20 = weights[w + 4u];
    acc00 += outer(w20, r0[2]);
    acc01 += outer(w20, r1[2]);
    let w21 = weights[w + 5u];
    acc10 += outer(w21, r0[2]);
    acc11 += outer(w21, r1[2]);
    let w30 = weights[w + 6u];
    acc00 += outer(w30, r1[0]);
    acc01 += outer(w30, r2[0]);
    let w31 = weights[w + 7u];
    acc10 += outer(w31, r1[0]);
    acc11 += outer(w31, r2[0]);
    let w40 = weights[w + 8u];
    acc00 += outer(w40, r1[1]);
    acc01 += outer(w40, r2[1]);
    let w41 = weights[w + 9u];
    acc10 += outer(w41, r1[1]);
    acc11 += outer(w41, r2[1]);
    let w50 = weights[w + 10u];
    acc00 += outer(w50, r1[2]);
    acc01 += outer(w50, r2[2]);
    let w51 = weights[w + 11u];
    acc10 += outer(w51, r1[2]);
    acc11 += outer(w51, r2[2]);
    let w60 = weights[w + 12u];
    acc00 += outer(w60, r2[0]);
    acc01 += outer(w60, r3[0]);
    let w61 = weights[w + 13u];
    acc10 += outer(w61, r2[0]);
    acc11 += outer(w61, r3[0]);
    let w70 = weights[w + 14u];
    acc00 += outer(w70, r2[1]);
    acc01 += outer(w70, r3[1]);
    let w71 = weights[w + 15u];
    acc10 += outer(w71, r2[1]);
    acc11 += outer(w71, r3[1]);
    let w80 = weights[w + 16u];
    acc00 += outer(w80, r2[2]);
    acc01 += outer(w80, r3[2]);
    let w81 = weights[w + 17u];
    acc10 += outer(w81, r2[2]);
    acc11 += outer(w81, r3[2]);
    w += 18u;
  }
  let first = group.y * 8u;
  store(image, first + 0u, row, column, mat2x4f(acc00[0], acc01[0]));
  store(image, first + 1u, row, column, mat2x4f(acc00[1], acc01[1]));
  store(image, first + 2u, row, column, mat2x4f(acc00[2], acc01[2]));
  store(image, first + 3u, row, column, mat2x4f(acc00[3], acc01[3]));
  store(image, first + 4u, row, column, mat2x4f(acc10[0], acc11[0]));
  store(image, first + 5u, row, column, mat2x4f(acc10[1], acc11[1]));
  store(image, first + 6u, row, column, mat2x4f(acc10[2], acc11[2]));
  store(image, first + 7u, row, column, mat2x4f(acc10[3], acc11[3]));
}
