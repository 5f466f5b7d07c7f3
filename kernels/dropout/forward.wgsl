// Inverted dropout: y = x / (1 - p) if a random draw keeps the element, else 0. The draw depends only on seed, step and
// element, so a resumed run repeats it. The backward pass reads the kept elements off y.
// Layout: NCHW.
// Work: one invocation per element; the grid is folded (flatGrid in kernels/grid.ts).
// Parts: pcg4d.wgsl, relu.wgsl, step.wgsl.
// Host: kernels/dropout/dropout.ts. Test: tests/kernels/dropout_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per plane

struct Params {
  pixels: u32,        // of a plane (image and channel)
  count: u32,         // of elements
  first_element: u32, // of the first image bound here, so that micro-batches draw as the whole batch would
  image_elements: u32, // of one image
  threshold: u32,     // p * 2^32; smaller draws drop the element
  scale: f32,         // 1 / (1 - p)
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;
alias Y = f32;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> y: array<Y>;
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = (group.y * groups.x + group.x) * WORKGROUP + lane;
  if (at >= params.count) {
    return;
  }
  var value = f32(x[at]);
  if (NORMALIZED) {
    let coefficients = affine[at / params.pixels];
    value = relu(value * coefficients.x + coefficients.y);
  }
  let element = step.first_image * params.image_elements + params.first_element + at;
  let keep = pcg4d(vec4u(element, step.step, step.seed, 0x64726f70u)).x >= params.threshold;
  y[at] = Y(select(0.0, params.scale * value, keep));
}
