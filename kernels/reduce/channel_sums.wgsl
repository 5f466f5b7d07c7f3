// Sums of a tensor per channel, over images and pixels (a bias gradient), as partial sums over bands, which rows.wgsl
// adds.
// Layout: x NCHW; partial[channel][band].
// Work: one invocation per band of an image; workgroups.y counts channels.
// Host: kernels/reduce/reduce.ts. Test: tests/kernels/reduce_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  channels: u32,
  pixels: u32,      // height * width
  images: u32,
  band_pixels: u32, // pixels of a band; a multiple of 4 where pixels is one
  bands: u32,       // of all images, padded to a multiple of 4
  first_band: u32,  // of the first image bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;
alias XVectors = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> x_vectors: array<XVectors>; // the same memory
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image_bands = (params.pixels + params.band_pixels - 1u) / params.band_pixels;
  let band = group.x * WORKGROUP + lane;
  if (band >= params.images * image_bands) {
    return;
  }
  let channel = group.y;
  let plane = (band / image_bands * params.channels + channel) * params.pixels;
  let first = band % image_bands * params.band_pixels;
  let end = min(params.pixels, first + params.band_pixels);
  var sum = vec4f();
  if (params.pixels % 4u == 0u) {
    for (var i = first / 4u; i < end / 4u; i++) {
      sum += vec4f(x_vectors[plane / 4u + i]);
    }
  } else {
    for (var i = first; i < end; i++) {
      sum.x += f32(x[plane + i]);
    }
  }
  partial[channel * params.bands + params.first_band + band] = sum.x + sum.y + sum.z + sum.w;
}
