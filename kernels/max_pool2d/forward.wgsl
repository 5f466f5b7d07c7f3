// 2 x 2 max-pooling with stride 2. Layout: NCHW, height and width of x even.
// Work: an invocation owns one output; workgroups.y counts planes (picture and channel).
// Host: kernels/max_pool2d/max_pool2d.ts. Test: tests/kernels/max_pool2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), scale and shift by plane

struct Params {
  height: u32, // of y
  width: u32,
  first_plane: u32,
}

// What tensors are stored as: kernels/storage.ts can make it float16; all is computed in float32.
alias X = vec2f;
alias Y = f32;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> y: array<Y>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = group.x * WORKGROUP + lane;
  if (pixel >= params.height * params.width) {
    return;
  }
  let plane = params.first_plane + group.y;
  let row = pixel / params.width;
  let at = (plane * 2u * params.height + 2u * row) * params.width + pixel % params.width;
  var top = vec2f(x[at]);
  var low = vec2f(x[at + params.width]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    top = max(vec2f(), top * coefficients.x + coefficients.y);
    low = max(vec2f(), low * coefficients.x + coefficients.y);
  }
  y[plane * params.height * params.width + pixel] = Y(max(max(top.x, top.y), max(low.x, low.y)));
}
