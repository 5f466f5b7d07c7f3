// Weight gradient of a 2 x 2 transposed convolution with stride 2, for inputs of any width: sum over n, i, j of
// x[n, c, i, j] * gradient[n, o, 2 i + p, 2 j + q], as partial sums over bands, which reduce/rows.wgsl adds.
// Layout: x and gradient NCHW; partial[band][c][o][p][q]. A band is a run of whole images or of one image's pixels.
// Work: one invocation per 4 channels and 4 outputs; workgroups.y counts bands.
// Parts: relu.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  inputs: u32,
  outputs: u32,
  width: u32,
  pixels: u32,      // height * width
  images: u32,
  band_images: u32, // images of a band
  image_bands: u32, // bands of an image; 1 if a band has several images
  band_pixels: u32, // pixels of a band within an image
  first_band: u32,  // of the first image bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;
alias Gradient = vec2f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

// Columns are outputs, components taps.
fn scaled(taps: mat4x4f, plane: u32, pixel: u32) -> mat4x4f {
  var value = f32(x[plane * params.pixels + pixel]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    value = relu(value * coefficients.x + coefficients.y);
  }
  return taps * value;
}

fn taps(plane: u32, at: u32) -> vec4f {
  let start = plane * 2u * params.pixels + at;
  return vec4f(vec2f(gradient[start]), vec2f(gradient[start + params.width]));
}

fn store(band: u32, channel: u32, output: u32, sums: mat4x4f) {
  if (channel >= params.inputs) {
    return;
  }
  for (var i = 0u; i < 4u; i++) {
    if (output + i < params.outputs) {
      partial[(band * params.inputs + channel) * params.outputs + output + i] = sums[i];
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let output_tiles = (params.outputs + 3u) / 4u;
  let channel = index / output_tiles * 4u;
  let output = index % output_tiles * 4u;
  if (channel >= params.inputs) {
    return;
  }
  let channels = min(vec4u(channel, channel + 1u, channel + 2u, channel + 3u), vec4u(params.inputs - 1u));
  let outputs = min(vec4u(output, output + 1u, output + 2u, output + 3u), vec4u(params.outputs - 1u));
  let band = group.y;
  let first_image = band / params.image_bands * params.band_images;
  let end_image = min(params.images, first_image + params.band_images);
  let first = band % params.image_bands * params.band_pixels;
  let end = min(params.pixels, first + params.band_pixels);
  var c0 = mat4x4f();
  var c1 = mat4x4f();
  var c2 = mat4x4f();
  var c3 = mat4x4f();
  for (var image = first_image; image < end_image; image++) {
    let planes = image * params.outputs + outputs;
    let sources = image * params.inputs + channels;
    for (var pixel = first; pixel < end; pixel++) {
      let at = pixel / params.width * 2u * params.width + pixel % params.width;
      let g = mat4x4f(taps(planes.x, at), taps(planes.y, at), taps(planes.z, at), taps(planes.w, at));
      c0 += scaled(g, sources.x, pixel);
      c1 += scaled(g, sources.y, pixel);
      c2 += scaled(g, sources.z, pixel);
      c3 += scaled(g, sources.w, pixel);
    }
  }
  let to = params.first_band + band;
  store(to, channel, output, c0);
  store(to, channel + 1u, output, c1);
  store(to, channel + 2u, output, c2);
  store(to, channel + 3u, output, c3);
}
