// 2 x 2 max-pooling with stride 2: y[n, c, i, j] = max over p, q of x[n, c, 2 i + p, 2 j + q].
// Layout: NCHW, height and width of x even.
// Work: one invocation per pooled value; the grid is folded (flatGrid in kernels/grid.ts).
// Host: kernels/max_pool2d/max_pool2d.ts. Test: tests/kernels/max_pool2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per plane

struct Params {
  height: u32, // of y
  width: u32,
  count: u32, // of pooled values
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec2f;
alias Y = f32;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> y: array<Y>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (index >= params.count) {
    return;
  }
  // Rows are counted across planes; every plane of x has an even number of rows.
  let row = index / params.width;
  let at = 2u * row * params.width + index % params.width;
  var top = vec2f(x[at]);
  var low = vec2f(x[at + params.width]);
  if (NORMALIZED) {
    let coefficients = affine[row / params.height];
    top = max(vec2f(), top * coefficients.x + coefficients.y);
    low = max(vec2f(), low * coefficients.x + coefficients.y);
  }
  y[index] = Y(max(max(top.x, top.y), max(low.x, low.y)));
}
