// Gradient of 2 x 2 max-pooling, added to the gradient that its input already has from the skip:
// grad_input += [x > 0] * gradient at the first maximum of the four in row order, as in PyTorch. The maximum is
// searched again in x, so no index is stored; x is the result of a ReLU, which gates the gradient.
// Layout: NCHW, height and width of x even.
// Work: one invocation per run of pooled values, 8 apart; the grid is folded (flatGrid in kernels/grid.ts).
// Parts: pooled.wgsl.
// Host: kernels/max_pool2d/max_pool2d.ts. Test: tests/kernels/max_pool2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per plane

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec2f;
alias Gradient = f32;
alias GradInput = vec2f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(4) var<uniform> params: Params;

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
    let largest = max(max(top.x, top.y), max(low.x, low.y));
    // Selects, because neighboring invocations would take all branches. The others keep their bits.
    let open = !(largest <= 0.0);
    let in_top = top == vec2f(largest);
    let first = vec2<bool>(in_top.x, in_top.y && !in_top.x) & vec2<bool>(open);
    let is_low = open && !in_top.x && !in_top.y;
    let second = vec2<bool>(low.x == largest, low.x != largest) & vec2<bool>(is_low);
    let value = f32(gradient[place.index]);
    let above = vec2f(grad_input[at]);
    let below = vec2f(grad_input[at + params.width]);
    grad_input[at] = GradInput(select(above, above + value, first));
    grad_input[at + params.width] = GradInput(select(below, below + value, second));
    place = next_place(place);
  }
}
