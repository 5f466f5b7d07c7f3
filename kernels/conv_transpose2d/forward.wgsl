// 2 x 2 transposed convolution with stride 2, input width a multiple of 4:
// y[n, o, 2 i + p, 2 j + q] = bias[o] + sum over c of w[c, o, p, q] * x[n, c, i, j].
// Layout: x and y NCHW, w[c][o][p][q], read and written in place: nothing is packed for a matrix product.
// Work: one invocation per 2 outputs of 16 neighboring input pixels, 128 sums in registers.
// Parts: relu.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  inputs: u32,
  outputs: u32,
  row_vectors: u32,   // width / 4
  plane_vectors: u32, // height * width / 4
  tiles: u32,         // of 4 vectors in an image; the last may be shorter
  images: u32,
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

// Columns are taps, components pixels.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

fn store(plane: u32, vector: u32, offset: f32, taps: mat4x4f) {
  if (vector >= params.plane_vectors) {
    return;
  }
  let row = vector / params.row_vectors;
  let column = vector % params.row_vectors;
  let step = 2u * params.row_vectors;
  let at = plane * 4u * params.plane_vectors + 2u * (row * step + column);
  y[at] = Y(vec4f(taps[0].x, taps[1].x, taps[0].y, taps[1].y) + offset);
  y[at + 1u] = Y(vec4f(taps[0].z, taps[1].z, taps[0].w, taps[1].w) + offset);
  y[at + step] = Y(vec4f(taps[2].x, taps[3].x, taps[2].y, taps[3].y) + offset);
  y[at + step + 1u] = Y(vec4f(taps[2].z, taps[3].z, taps[2].w, taps[3].w) + offset);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  let tiles = params.images * params.tiles;
  let output = index / tiles * 2u;
  if (output >= params.outputs) {
    return;
  }
  let image = index % tiles / params.tiles;
  let vector = index % params.tiles * 4u;
  let last = params.plane_vectors - 1u;
  let v1 = min(vector + 1u, last);
  let v2 = min(vector + 2u, last);
  let v3 = min(vector + 3u, last);
  let second = min(output + 1u, params.outputs - 1u);
  var a0 = mat4x4f();
  var a1 = mat4x4f();
  var a2 = mat4x4f();
  var a3 = mat4x4f();
  var b0 = mat4x4f();
  var b1 = mat4x4f();
  var b2 = mat4x4f();
  var b3 = mat4x4f();
  var plane = image * params.inputs * params.plane_vectors;
  var weights = 0u;
  for (var channel = 0u; channel < params.inputs; channel++) {
    var x0 = vec4f(x[plane + vector]);
    var x1 = vec4f(x[plane + v1]);
    var x2 = vec4f(x[plane + v2]);
    var x3 = vec4f(x[plane + v3]);
    if (NORMALIZED) {
      let coefficients = affine[image * params.inputs + channel];
      x0 = relu_vec4(x0 * coefficients.x + coefficients.y);
      x1 = relu_vec4(x1 * coefficients.x + coefficients.y);
      x2 = relu_vec4(x2 * coefficients.x + coefficients.y);
      x3 = relu_vec4(x3 * coefficients.x + coefficients.y);
    }
    let wa = w[weights + output];
    a0 += outer(wa, x0);
    a1 += outer(wa, x1);
    a2 += outer(wa, x2);
    a3 += outer(wa, x3);
    let wb = w[weights + second];
    b0 += outer(wb, x0);
    b1 += outer(wb, x1);
    b2 += outer(wb, x2);
    b3 += outer(wb, x3);
    plane += params.plane_vectors;
    weights += params.outputs;
  }
  let first = image * params.outputs + output;
  let offset = bias[output];
  store(first, vector, offset, a0);
  store(first, vector + 1u, offset, a1);
  store(first, vector + 2u, offset, a2);
  store(first, vector + 3u, offset, a3);
  if (second > output) {
    let second_offset = bias[second];
    store(first + 1u, vector, second_offset, b0);
    store(first + 1u, vector + 1u, second_offset, b1);
    store(first + 1u, vector + 2u, second_offset, b2);
    store(first + 1u, vector + 3u, second_offset, b3);
  }
}
