// 2 x 2 max-pooling with stride 2: y[n, c, i, j] = max over p, q of x[n, c, 2 i + p, 2 j + q].
// Layout: NCHW, height and width of x even.
// Work: one invocation per run of pooled values, 8 apart; the grid is folded (flatGrid in kernels/grid.ts).
// Parts: pooled.wgsl.
// Host: kernels/max_pool2d/max_pool2d.ts. Test: tests/kernels/max_pool2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per plane

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
  var place = first_place((group.y * groups.x + group.x) * WORKGROUP + lane);
  for (var i = 0u; i < params.run; i++) {
    if (place.index >= params.count) {
      return;
    }
    // Every plane of x has an even number of rows.
    let at = 2u * place.row * params.width + place.column;
    var top = vec2f(x[at]);
    var low = vec2f(x[at + params.width]);
    if (NORMALIZED) {
      let coefficients = affine[place.row / params.height];
      top = max(vec2f(), top * coefficients.x + coefficients.y);
      low = max(vec2f(), low * coefficients.x + coefficients.y);
    }
    y[place.index] = Y(max(max(top.x, top.y), max(low.x, low.y)));
    place = next_place(place);
  }
}
