// Sums for the backward pass of an instance normalization, over bands of a plane.
// Layout: z and gradient NCHW; partial[plane][band] = (sum of g, sum of g * (z - mean) / deviation).
// Work: one invocation per band; workgroups.y counts planes (image and channel).
// Host: kernels/instance_norm/instance_norm.ts. Test: tests/kernels/instance_norm_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  pixels: u32,      // height * width
  band_pixels: u32, // a multiple of 4 where pixels is one
  bands: u32,       // of a plane
  first_plane: u32, // index of the first plane bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Z = f32;
alias ZVectors = vec4f;
alias Gradient = f32;
alias GradientVectors = vec4f;

@group(0) @binding(0) var<storage, read> z: array<Z>;
@group(0) @binding(1) var<storage, read> z_vectors: array<ZVectors>; // the same memory
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read> gradient_vectors: array<GradientVectors>; // the same memory
@group(0) @binding(4) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> partial: array<vec2f>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let band = group.x * WORKGROUP + lane;
  if (band >= params.bands) {
    return;
  }
  let plane = params.first_plane + group.y;
  let start = group.y * params.pixels + band * params.band_pixels;
  let count = min(params.band_pixels, params.pixels - band * params.band_pixels);
  let mean = statistics[plane].x;
  var sum = vec4f();
  var products = vec4f();
  if (params.pixels % 4u == 0u) {
    for (var i = 0u; i < count / 4u; i++) {
      let g = vec4f(gradient_vectors[start / 4u + i]);
      sum += g;
      products += g * (vec4f(z_vectors[start / 4u + i]) - mean);
    }
  } else {
    for (var i = 0u; i < count; i++) {
      let g = f32(gradient[start + i]);
      sum.x += g;
      products.x += g * (f32(z[start + i]) - mean);
    }
  }
  partial[plane * params.bands + band] = vec2f(
    sum.x + sum.y + sum.z + sum.w,
    (products.x + products.y + products.z + products.w) * statistics[plane].y,
  );
}
