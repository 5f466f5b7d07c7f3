// Weight gradient of a 2 x 2 transposed convolution with stride 2, input width a multiple of 4: sum over n, i, j of
// x[n, c, i, j] * gradient[n, o, 2 i + p, 2 j + q], as partial sums over bands, which reduce/rows.wgsl adds.
// Layout: x and gradient NCHW; partial[band][c][o][p][q]. A band is a run of whole images or of one image's pixels.
// Work: one invocation per 8 channels and 4 outputs, 128 sums in registers; workgroups.y counts bands.
// Parts: relu.wgsl, taps.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  inputs: u32,
  outputs: u32,
  row_vectors: u32,   // width / 4
  plane_vectors: u32, // height * width / 4
  images: u32,
  band_images: u32,   // images of a band
  image_bands: u32,   // bands of an image; 1 if a band has several images
  band_vectors: u32,  // vectors of a band within an image
  first_band: u32,    // of the first image bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

fn load(image: u32, channel: u32, vector: u32) -> vec4f {
  let plane = image * params.inputs + min(channel, params.inputs - 1u);
  let value = vec4f(x[plane * params.plane_vectors + vector]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    return relu_vec4(value * coefficients.x + coefficients.y);
  }
  return value;
}

// The gradients that 4 pixels receive: columns are pixels, components taps.
fn gather_pixels(plane: u32, output: u32, at: u32) -> mat4x4f {
  return transpose(gather((plane + min(output, params.outputs - 1u)) * 4u * params.plane_vectors + at));
}

fn store(band: u32, channel: u32, output: u32, sums: mat4x4f) {
  if (channel >= params.inputs) {
    return;
  }
  let at = (band * params.inputs + channel) * params.outputs + output;
  partial[at] = sums[0];
  if (output + 1u < params.outputs) {
    partial[at + 1u] = sums[1];
  }
  if (output + 2u < params.outputs) {
    partial[at + 2u] = sums[2];
  }
  if (output + 3u < params.outputs) {
    partial[at + 3u] = sums[3];
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let output_tiles = (params.outputs + 3u) / 4u;
  let channel = index / output_tiles * 8u;
  let output = index % output_tiles * 4u;
  if (channel >= params.inputs) {
    return;
  }
  let band = group.y;
  let first_image = band / params.image_bands * params.band_images;
  let end_image = min(params.images, first_image + params.band_images);
  let first = band % params.image_bands * params.band_vectors;
  let end = min(params.plane_vectors, first + params.band_vectors);
  // One matrix per channel: columns are outputs, components taps.
  var c0 = mat4x4f();
  var c1 = mat4x4f();
  var c2 = mat4x4f();
  var c3 = mat4x4f();
  var c4 = mat4x4f();
  var c5 = mat4x4f();
  var c6 = mat4x4f();
  var c7 = mat4x4f();
  for (var image = first_image; image < end_image; image++) {
    let plane = image * params.outputs;
    var column = first % params.row_vectors;
    var at = place(first);
    for (var vector = first; vector < end; vector++) {
      let g0 = gather_pixels(plane, output, at);
      let g1 = gather_pixels(plane, output + 1u, at);
      let g2 = gather_pixels(plane, output + 2u, at);
      let g3 = gather_pixels(plane, output + 3u, at);
      let x0 = load(image, channel, vector);
      c0 += mat4x4f(g0 * x0, g1 * x0, g2 * x0, g3 * x0);
      let x1 = load(image, channel + 1u, vector);
      c1 += mat4x4f(g0 * x1, g1 * x1, g2 * x1, g3 * x1);
      let x2 = load(image, channel + 2u, vector);
      c2 += mat4x4f(g0 * x2, g1 * x2, g2 * x2, g3 * x2);
      let x3 = load(image, channel + 3u, vector);
      c3 += mat4x4f(g0 * x3, g1 * x3, g2 * x3, g3 * x3);
      let x4 = load(image, channel + 4u, vector);
      c4 += mat4x4f(g0 * x4, g1 * x4, g2 * x4, g3 * x4);
      let x5 = load(image, channel + 5u, vector);
      c5 += mat4x4f(g0 * x5, g1 * x5, g2 * x5, g3 * x5);
      let x6 = load(image, channel + 6u, vector);
      c6 += mat4x4f(g0 * x6, g1 * x6, g2 * x6, g3 * x6);
      let x7 = load(image, channel + 7u, vector);
      c7 += mat4x4f(g0 * x7, g1 * x7, g2 * x7, g3 * x7);
      column++;
      // At the end of a row of x, the gradient skips a row: each row of x covers two of them.
      let wrapped = column == params.row_vectors;
      at += select(2u, 2u + 2u * params.row_vectors, wrapped);
      column = select(column, 0u, wrapped);
    }
  }
  let to = params.first_band + band;
  store(to, channel, output, c0);
  store(to, channel + 1u, output, c1);
  store(to, channel + 2u, output, c2);
  store(to, channel + 3u, output, c3);
  store(to, channel + 4u, output, c4);
  store(to, channel + 5u, output, c5);
  store(to, channel + 6u, output, c6);
  store(to, channel + 7u, output, c7);
}
