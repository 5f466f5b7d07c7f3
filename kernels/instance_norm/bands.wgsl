// Mean and sum of squared deviations over bands of a plane. Merging bands (Chan, Golub and LeVeque, 1983) keeps the
// digits that sums of squares lose when the mean is large compared with the deviation.
// Layout: z NCHW; partial[plane][band] = (mean, sum of squared deviations).
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

@group(0) @binding(0) var<storage, read> z: array<Z>;
@group(0) @binding(1) var<storage, read> z_vectors: array<ZVectors>; // the same memory
@group(0) @binding(2) var<storage, read_write> partial: array<vec2f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let band = group.x * WORKGROUP + lane;
  if (band >= params.bands) {
    return;
  }
  let start = group.y * params.pixels + band * params.band_pixels;
  let count = min(params.band_pixels, params.pixels - band * params.band_pixels);
  var sum = vec4f();
  var squares = vec4f();
  var mean: f32;
  if (params.pixels % 4u == 0u) {
    for (var i = 0u; i < count / 4u; i++) {
      sum += vec4f(z_vectors[start / 4u + i]);
    }
    mean = (sum.x + sum.y + sum.z + sum.w) / f32(count);
    for (var i = 0u; i < count / 4u; i++) {
      let deviation = vec4f(z_vectors[start / 4u + i]) - mean;
      squares += deviation * deviation;
    }
  } else {
    for (var i = 0u; i < count; i++) {
      sum.x += f32(z[start + i]);
    }
    mean = sum.x / f32(count);
    for (var i = 0u; i < count; i++) {
      let deviation = f32(z[start + i]) - mean;
      squares.x += deviation * deviation;
    }
  }
  partial[(params.first_plane + group.y) * params.bands + band] =
    vec2f(mean, squares.x + squares.y + squares.z + squares.w);
}
