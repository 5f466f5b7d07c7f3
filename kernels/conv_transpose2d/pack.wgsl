// Lays an activation out as matrix columns: packed[channel][column], column = picture * height * width + pixel,
// columns beyond the last pixel zero. So the 2 x 2 transposed convolution is one matrix product over the batch.
// Work: an invocation owns one value; workgroups.y counts the outer dimension.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = false; // packed[column][channel], where columns are what is summed over
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), scale and shift by picture and channel

struct Params {
  channels: u32,
  pixels: u32,  // height * width
  columns: u32, // pictures * pixels
  stride: u32,  // columns, padded
  depth: u32,   // channels of packed, padded, where they are inner
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> packed: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// Not max(x, 0), which would turn what is not a number into 0 and hide it.
fn relu(x: f32) -> f32 {
  return select(x, 0.0, x < 0.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let outer = group.z * groups.y + group.y; // see planeGrid in kernels/grid.ts
  // The inner dimension of the result runs along a workgroup.
  var column = group.x * WORKGROUP + lane;
  var channel = outer;
  var at = channel * params.stride + column;
  if (CHANNELS_INNER) {
    column = outer;
    channel = group.x * WORKGROUP + lane;
    at = column * params.depth + channel;
  }
  if (column >= params.stride || channel >= params.channels) {
    return;
  }
  var value = 0.0;
  if (column < params.columns) {
    let plane = column / params.pixels * params.channels + channel;
    value = x[plane * params.pixels + column % params.pixels];
    if (NORMALIZED) {
      let coefficients = affine[plane];
      value = relu(value * coefficients.x + coefficients.y);
    }
  }
  packed[at] = value;
}
