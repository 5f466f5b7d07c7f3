// Weight gradient of a 1 x 1 convolution: sum over n, p of gradient[n, o, p] * x[n, c, p], as partial sums over bands
// of pixels, which reduce/rows.wgsl adds.
// Layout: NCHW; partial[o][c][band].
// Work: one invocation per band; workgroups.y counts channels, z outputs.
// Parts: relu.wgsl.
// Host: kernels/conv1x1/conv1x1.ts. Test: tests/kernels/conv1x1_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  channels: u32,
  outputs: u32,
  vectors: u32,      // height * width / 4
  images: u32,
  band_vectors: u32, // vectors of a band
  bands: u32,        // of all images, padded to a multiple of 4
  first_band: u32,   // of the first image bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image_bands = (params.vectors + params.band_vectors - 1u) / params.band_vectors;
  let band = group.x * WORKGROUP + lane;
  if (band >= params.images * image_bands) {
    return;
  }
  let image = band / image_bands;
  let first = band % image_bands * params.band_vectors;
  let end = min(params.vectors, first + params.band_vectors);
  let plane = image * params.channels + group.y;
  let gradient_plane = image * params.outputs + group.z;
  var coefficients = vec2f();
  if (NORMALIZED) {
    coefficients = affine[plane];
  }
  var sum = vec4f();
  for (var i = first; i < end; i++) {
    var value = vec4f(x[plane * params.vectors + i]);
    if (NORMALIZED) {
      value = relu_vec4(value * coefficients.x + coefficients.y);
    }
    sum += value * gradient[gradient_plane * params.vectors + i];
  }
  partial[(group.z * params.channels + group.y) * params.bands + params.first_band + band] =
    sum.x + sum.y + sum.z + sum.w;
}
