// im2col for deep layers, whose maps have few pixels. TAPS = 9: the 3 x 3 neighborhood of each pixel, zeros outside
// the image. TAPS = 1: only the pixel itself.
// Layout: x NCHW; columns[TAPS * (first_channel + c) + tap][pixel], or columns[pixel][...] with PIXELS_OUTER; pixels of
// all images, padded with zeros.
// Work: one invocation per pixel and channel; the grid is folded (flatGrid in kernels/grid.ts).
// Parts: relu.wgsl.
// Host: kernels/conv2d/im2col.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 256u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel
const PIXELS_OUTER: bool = false;
const TAPS: u32 = 9u;

struct Params {
  channels: u32,      // of x
  first_channel: u32, // where these begin among those of the matrix
  depth: u32,         // channels of the matrix
  height: u32,
  width: u32,
  pixels: u32,        // of all images
  padded: u32,        // pixels, padded
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> columns: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

fn value_at(at: u32, inside: bool, coefficients: vec2f) -> f32 {
  var value = f32(x[select(0u, at, inside)]);
  if (NORMALIZED) {
    value = relu(value * coefficients.x + coefficients.y);
  }
  return select(0.0, value, inside);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (index >= params.channels * params.padded) {
    return;
  }
  var pixel = index % params.padded;
  var channel = index / params.padded;
  if (PIXELS_OUTER) {
    pixel = index / params.channels;
    channel = index % params.channels;
  }
  let size = params.height * params.width;
  let plane = pixel / size * params.channels + channel;
  let row = pixel % size / params.width;
  let column = pixel % params.width;
  let filled = pixel < params.pixels;
  var coefficients = vec2f(1.0, 0.0);
  if (NORMALIZED && filled) {
    coefficients = affine[plane];
  }
  let first = (params.first_channel + channel) * TAPS;
  let step = select(params.padded, 1u, PIXELS_OUTER);
  let to = select(first * params.padded + pixel, pixel * params.depth * TAPS + first, PIXELS_OUTER);
  let center = plane * size + pixel % size;
  if (TAPS == 1u) {
    columns[to] = value_at(center, filled, coefficients);
    return;
  }
  let left = filled && column > 0u;
  let right = filled && column + 1u < params.width;
  let above = row > 0u;
  let below = row + 1u < params.height;
  let width = params.width;
  // Without a loop, whose counters and masks cost a software adapter as much as the values.
  columns[to] = value_at(center - width - 1u, left && above, coefficients);
  columns[to + step] = value_at(center - width, filled && above, coefficients);
  columns[to + 2u * step] = value_at(center - width + 1u, right && above, coefficients);
  columns[to + 3u * step] = value_at(center - 1u, left, coefficients);
  columns[to + 4u * step] = value_at(center, filled, coefficients);
  columns[to + 5u * step] = value_at(center + 1u, right, coefficients);
  columns[to + 6u * step] = value_at(center + width - 1u, left && below, coefficients);
  columns[to + 7u * step] = value_at(center + width, filled && below, coefficients);
  columns[to + 8u * step] = value_at(center + width + 1u, right && below, coefficients);
}
