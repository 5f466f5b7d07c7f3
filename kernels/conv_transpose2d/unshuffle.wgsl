// Gathers the gradient of a 2 x 2 transposed convolution's output as matrix rows:
// packed[4 o + 2 p + q][column of n, i, j] = g[n, o, 2 i + p, 2 j + q]; columns beyond the last pixel are zero.
// Work: an invocation owns the 2 x 2 values of one input pixel; workgroups.y counts the outer dimension.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = false; // packed[column][row], where columns are what is summed over

struct Params {
  channels: u32, // of g
  height: u32,   // of the input
  width: u32,
  columns: u32,  // pictures * height * width
  stride: u32,   // columns, padded
  depth: u32,    // rows of packed, padded, where they are inner
}

@group(0) @binding(0) var<storage, read> gradient: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> packed: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

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
  var to = channel * 4u * params.stride + column;
  var step = params.stride;
  if (CHANNELS_INNER) {
    column = outer;
    channel = group.x * WORKGROUP + lane;
    to = column * params.depth + channel * 4u;
    step = 1u;
  }
  if (column >= params.stride || channel >= params.channels) {
    return;
  }
  var top = vec2f();
  var low = vec2f();
  if (column < params.columns) {
    let pixels = params.height * params.width;
    let image = column / pixels;
    let row = column % pixels / params.width;
    let start = ((image * params.channels + channel) * 2u * params.height + 2u * row) * params.width +
      column % params.width;
    top = gradient[start];
    low = gradient[start + params.width];
  }
  packed[to] = top.x;
  packed[to + step] = top.y;
  packed[to + 2u * step] = low.x;
  packed[to + 3u * step] = low.y;
}
