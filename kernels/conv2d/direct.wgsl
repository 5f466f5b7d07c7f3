// Direct 3 x 3 convolution for few channels, with a border of zeros, over the channels of one or two tensors:
// y[n,o,i,j] = sum over c, p, q of w[o,c,p,q] * x[n,c,i+p-1,j+q-1]. The input gradient is the same sum over the
// output's gradient, with the weights packed turned by 180 degrees.
// Layout: x and y NCHW, height and width multiples of 4; weights[c][p][q][8] for each tile of 8 outputs.
// Work: an invocation owns 8 outputs of a 4 x 4 patch in registers; the weights stand in a 64 KiB uniform window,
// which software adapters read four times faster than a storage buffer. workgroups.y counts tiles of outputs.
// Host: kernels/conv2d/direct.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
// Whether a tensor is read as max(0, scale * x + shift), scale and shift by picture and channel.
const NORMALIZED0: bool = false;
const NORMALIZED1: bool = false;

struct Params {
  height: u32,
  width: u32,
  patches: u32,        // images * (height / 4) * (width / 4)
  channels0: u32,      // of the first tensor
  channels1: u32,      // of the second, or 0
  outputs: u32,        // channels of y
  flags: u32,          // 1 add bias, 2 ReLU, 4 gate, 8 the gate is normalised
}

const BIAS: u32 = 1u;
const RELU: u32 = 2u;
const GATE: u32 = 4u;
const GATE_NORMALIZED: u32 = 8u;

@group(0) @binding(0) var<storage, read> x0: array<vec4f>;
@group(0) @binding(1) var<storage, read> affine0: array<vec2f>;
@group(0) @binding(2) var<storage, read> x1: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine1: array<vec2f>;
@group(0) @binding(4) var<uniform> weights: array<vec4f, 4096>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> gate: array<vec4f>;
@group(0) @binding(7) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(9) var<uniform> params: Params;

fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

// The epilogue of every convolution: bias and ReLU forward; backward the ReLU's derivative, read off the
// activation itself (or off its normalised value), so that no mask is ever stored.
fn finish(value: vec4f, at: u32, channel: u32, plane: u32) -> vec4f {
  var result = value;
  if ((params.flags & BIAS) != 0u) {
    result += bias[channel];
  }
  if ((params.flags & RELU) != 0u) {
    result = max(result, vec4f());
  }
  if ((params.flags & GATE) != 0u) {
    var activation = gate[at];
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    result = select(vec4f(), result, activation > vec4f());
  }
  return result;
}

// A row of the patch with its border, as the three vectors that the taps q = 0, 1, 2 multiply.
fn load_row(second: bool, plane: u32, y: i32, column: u32, coefficients: vec2f) -> mat3x4f {
  let vectors = params.width / 4u;
  let inside = y >= 0 && y < i32(params.height);
  let row = plane + select(0u, u32(y), inside) * vectors;
  let before = row + max(column, 1u) - 1u;
  let behind = row + min(column + 1u, vectors - 1u);
  var left: f32;
  var middle: vec4f;
  var right: f32;
  if (second) {
    left = x1[before].w;
    middle = x1[row + column];
    right = x1[behind].x;
  } else {
    left = x0[before].w;
    middle = x0[row + column];
    right = x0[behind].x;
  }
  if ((NORMALIZED0 && !second) || (NORMALIZED1 && second)) {
    left = max(0.0, left * coefficients.x + coefficients.y);
    middle = max(vec4f(), middle * coefficients.x + coefficients.y);
    right = max(0.0, right * coefficients.x + coefficients.y);
  }
  left = select(0.0, left, inside && column > 0u);
  middle = select(vec4f(), middle, inside);
  right = select(0.0, right, inside && column + 1u < vectors);
  return mat3x4f(vec4f(left, middle.xyz), middle, vec4f(middle.yzw, right));
}

fn store(image: u32, channel: u32, row: u32, column: u32, rows: mat4x4f) {
  if (channel >= params.outputs) {
    return;
  }
  let vectors = params.width / 4u;
  let plane = image * params.outputs + channel;
  let at = (plane * params.height + row) * vectors + column;
  y[at] = finish(rows[0], at, channel, plane);
  y[at + vectors] = finish(rows[1], at + vectors, channel, plane);
  y[at + 2u * vectors] = finish(rows[2], at + 2u * vectors, channel, plane);
  y[at + 3u * vectors] = finish(rows[3], at + 3u * vectors, channel, plane);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let patch_index = group.x * WORKGROUP + lane;
  if (patch_index >= params.patches) {
    return;
  }
  let columns = params.width / 4u;
  let image_patches = columns * (params.height / 4u);
  let image = patch_index / image_patches;
  let row = (patch_index % image_patches) / columns * 4u;
  let column = patch_index % columns;
  let depth = params.channels0 + params.channels1;
  let plane_size = params.height * columns;
  // Two tiles of 4 outputs by 4 rows; column vectors of a matrix are outputs, their components pixels.
  var acc00 = mat4x4f();
  var acc01 = mat4x4f();
  var acc02 = mat4x4f();
  var acc03 = mat4x4f();
  var acc10 = mat4x4f();
  var acc11 = mat4x4f();
  var acc12 = mat4x4f();
  var acc13 = mat4x4f();
  var w = group.y * depth * 18u;
  for (var channel = 0u; channel < depth; channel++) {
    let second = channel >= params.channels0;
    var source_channel = image * params.channels0 + channel;
    if (second) {
      source_channel = image * params.channels1 + channel - params.channels0;
    }
    let plane = source_channel * plane_size;
    var coefficients = vec2f();
    if (NORMALIZED0 && !second) {
      coefficients = affine0[source_channel];
    }
    if (NORMALIZED1 && second) {
      coefficients = affine1[source_channel];
    }
    let y0 = i32(row) - 1;
    let r0 = load_row(second, plane, y0 + 0, column, coefficients);
    let r1 = load_row(second, plane, y0 + 1, column, coefficients);
    let r2 = load_row(second, plane, y0 + 2, column, coefficients);
    let r3 = load_row(second, plane, y0 + 3, column, coefficients);
    let r4 = load_row(second, plane, y0 + 4, column, coefficients);
    let r5 = load_row(second, plane, y0 + 5, column, coefficients);
    let w00 = weights[w];
    acc00 += outer(w00, r0[0]);
    acc01 += outer(w00, r1[0]);
    acc02 += outer(w00, r2[0]);
    acc03 += outer(w00, r3[0]);
    let w01 = weights[w + 1u];
    acc10 += outer(w01, r0[0]);
    acc11 += outer(w01, r1[0]);
    acc12 += outer(w01, r2[0]);
    acc13 += outer(w01, r3[0]);
    let w10 = weights[w + 2u];
    acc00 += outer(w10, r0[1]);
    acc01 += outer(w10, r1[1]);
    acc02 += outer(w10, r2[1]);
    acc03 += outer(w10, r3[1]);
    let w11 = weights[w + 3u];
    acc10 += outer(w11, r0[1]);
    acc11 += outer(w11, r1[1]);
    acc12 += outer(w11, r2[1]);
    acc13 += outer(w11, r3[1]);
    let w20 = weights[w + 4u];
    acc00 += outer(w20, r0[2]);
    acc01 += outer(w20, r1[2]);
    acc02 += outer(w20, r2[2]);
    acc03 += outer(w20, r3[2]);
    let w21 = weights[w + 5u];
    acc10 += outer(w21, r0[2]);
    acc11 += outer(w21, r1[2]);
    acc12 += outer(w21, r2[2]);
    acc13 += outer(w21, r3[2]);
    let w30 = weights[w + 6u];
    acc00 += outer(w30, r1[0]);
    acc01 += outer(w30, r2[0]);
    acc02 += outer(w30, r3[0]);
    acc03 += outer(w30, r4[0]);
    let w31 = weights[w + 7u];
    acc10 += outer(w31, r1[0]);
    acc11 += outer(w31, r2[0]);
    acc12 += outer(w31, r3[0]);
    acc13 += outer(w31, r4[0]);
    let w40 = weights[w + 8u];
    acc00 += outer(w40, r1[1]);
    acc01 += outer(w40, r2[1]);
    acc02 += outer(w40, r3[1]);
    acc03 += outer(w40, r4[1]);
    let w41 = weights[w + 9u];
    acc10 += outer(w41, r1[1]);
    acc11 += outer(w41, r2[1]);
    acc12 += outer(w41, r3[1]);
    acc13 += outer(w41, r4[1]);
    let w50 = weights[w + 10u];
    acc00 += outer(w50, r1[2]);
    acc01 += outer(w50, r2[2]);
    acc02 += outer(w50, r3[2]);
    acc03 += outer(w50, r4[2]);
    let w51 = weights[w + 11u];
    acc10 += outer(w51, r1[2]);
    acc11 += outer(w51, r2[2]);
    acc12 += outer(w51, r3[2]);
    acc13 += outer(w51, r4[2]);
    let w60 = weights[w + 12u];
    acc00 += outer(w60, r2[0]);
    acc01 += outer(w60, r3[0]);
    acc02 += outer(w60, r4[0]);
    acc03 += outer(w60, r5[0]);
    let w61 = weights[w + 13u];
    acc10 += outer(w61, r2[0]);
    acc11 += outer(w61, r3[0]);
    acc12 += outer(w61, r4[0]);
    acc13 += outer(w61, r5[0]);
    let w70 = weights[w + 14u];
    acc00 += outer(w70, r2[1]);
    acc01 += outer(w70, r3[1]);
    acc02 += outer(w70, r4[1]);
    acc03 += outer(w70, r5[1]);
    let w71 = weights[w + 15u];
    acc10 += outer(w71, r2[1]);
    acc11 += outer(w71, r3[1]);
    acc12 += outer(w71, r4[1]);
    acc13 += outer(w71, r5[1]);
    let w80 = weights[w + 16u];
    acc00 += outer(w80, r2[2]);
    acc01 += outer(w80, r3[2]);
    acc02 += outer(w80, r4[2]);
    acc03 += outer(w80, r5[2]);
    let w81 = weights[w + 17u];
    acc10 += outer(w81, r2[2]);
    acc11 += outer(w81, r3[2]);
    acc12 += outer(w81, r4[2]);
    acc13 += outer(w81, r5[2]);
    w += 18u;
  }
  let first = group.y * 8u;
  store(image, first + 0u, row, column, mat4x4f(acc00[0], acc01[0], acc02[0], acc03[0]));
  store(image, first + 1u, row, column, mat4x4f(acc00[1], acc01[1], acc02[1], acc03[1]));
  store(image, first + 2u, row, column, mat4x4f(acc00[2], acc01[2], acc02[2], acc03[2]));
  store(image, first + 3u, row, column, mat4x4f(acc00[3], acc01[3], acc02[3], acc03[3]));
  store(image, first + 4u, row, column, mat4x4f(acc10[0], acc11[0], acc12[0], acc13[0]));
  store(image, first + 5u, row, column, mat4x4f(acc10[1], acc11[1], acc12[1], acc13[1]));
  store(image, first + 6u, row, column, mat4x4f(acc10[2], acc11[2], acc12[2], acc13[2]));
  store(image, first + 7u, row, column, mat4x4f(acc10[3], acc11[3], acc12[3], acc13[3]));
}
