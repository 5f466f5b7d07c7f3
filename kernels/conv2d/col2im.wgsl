// Matrix columns to a tensor, followed by the convolution's epilogue. TAPS = 1: columns are the results of a
// convolution. TAPS = 9: columns are gradients of 3 x 3 neighborhoods, and each pixel sums the nine entries that refer
// to it.
// Layout: products[TAPS * (first_channel + c) + tap][pixel], pixels of all images, padded; y NCHW.
// Work: one invocation per value of y; the grid is folded (flatGrid in kernels/grid.ts).
// Parts: epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/im2col.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 256u;
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

fn product_at(at: u32, inside: bool) -> f32 {
  return select(0.0, products[select(0u, at, inside)], inside);
}

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
  let row = index % size / params.width;
  let column = index % params.width;
  let at = (params.first_channel + channel) * TAPS * params.padded + image * size + index % size;
  var value = 0.0;
  if (TAPS == 1u) {
    value = products[at];
  } else {
    // The pixels that have this one as a tap of their neighborhoods. Without a loop, whose counters and masks cost a
    // software adapter as much as the values.
    let step = params.padded;
    let width = params.width;
    let left = column > 0u;
    let right = column + 1u < width;
    let above = row > 0u;
    let below = row + 1u < params.height;
    value = product_at(at + width + 1u, below && right);
    value += product_at(at + step + width, below);
    value += product_at(at + 2u * step + width - 1u, below && left);
    value += product_at(at + 3u * step + 1u, right);
    value += product_at(at + 4u * step, true);
    value += product_at(at + 5u * step - 1u, left);
    value += product_at(at + 6u * step - width + 1u, above && right);
    value += product_at(at + 7u * step - width, above);
    value += product_at(at + 8u * step - width - 1u, above && left);
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
