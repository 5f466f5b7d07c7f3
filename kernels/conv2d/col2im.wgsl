// Matrix columns to a tensor, followed by the convolution's epilogue. TAPS = 1: columns are the results of a
// convolution. TAPS = 9: columns are gradients of 3 x 3 neighborhoods, and each pixel sums the nine entries that refer
// to it.
// Layout: products[TAPS * (first_channel + c) + tap][pixel], pixels of all images, padded; y NCHW.
// Work: one invocation per value of y; the grid is folded (flatGrid in kernels/grid.ts).
// Parts: epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/im2col.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const TAPS: u32 = 9u;

struct Params {
  channels: u32,      // of y
  first_channel: u32, // where these begin among those of the matrix
  height: u32,
  width: u32,
  pixels: u32,        // of all images
  padded: u32,        // pixels, padded
  flags: u32,         // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gate = f32;
alias Y = f32;

@group(0) @binding(0) var<storage, read> products: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (index >= params.channels * params.pixels) {
    return;
  }
  let size = params.height * params.width;
  let plane = index / size;
  let channel = plane % params.channels;
  let image = plane / params.channels;
  let row = i32(index % size / params.width);
  let column = i32(index % params.width);
  let first = (params.first_channel + channel) * TAPS;
  var value = 0.0;
  for (var tap = 0u; tap < TAPS; tap++) {
    var i = row;
    var j = column;
    if (TAPS == 9u) {
      // The pixel that has this one as this tap of its neighborhood.
      i += 1 - i32(tap / 3u);
      j += 1 - i32(tap % 3u);
    }
    if (i >= 0 && j >= 0 && i < i32(params.height) && j < i32(params.width)) {
      value += products[(first + tap) * params.padded + image * size + u32(i) * params.width + u32(j)];
    }
  }
  if ((params.flags & BIAS) != 0u) {
    value += bias[channel];
  }
  if ((params.flags & RELU) != 0u) {
    value = relu(value);
  }
  if ((params.flags & GATE) != 0u) {
    var activation = f32(gate[index]);
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    value = select(0.0, value, activation > 0.0);
  }
  y[index] = Y(value);
}
