// Weight gradient of a 2 x 2 transposed convolution with stride 2, input width a multiple of 4, for hardware: sum over
// n, i, j of x[n, c, i, j] * gradient[n, o, 2 i + p, 2 j + q], as partial sums over bands, which reduce/rows.wgsl adds.
// Layout: x and gradient NCHW; partial[band][c][o][p][q]. A band is a run of whole images or of one image's pixels.
// One matrix product per band: rows are channels, columns outputs and taps, k pixels.
// Work: as in tile.wgsl; workgroups.x counts tiles of columns, y bands, z tiles of rows.
// Parts: relu.wgsl, taps.wgsl, tile.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

// Each invocation fetches one block of each operand.
const_assert A_BLOCKS == WORKGROUP && B_BLOCKS == WORKGROUP;

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

// Four pixels of four channels: columns are pixels, components channels.
fn fetch_pixels(image: u32, channel: u32, vector: u32, inside: bool) -> mat4x4f {
  if (!inside) {
    return mat4x4f();
  }
  return transpose(mat4x4f(
    load_pixels(image, channel, vector),
    load_pixels(image, channel + 1u, vector),
    load_pixels(image, channel + 2u, vector),
    load_pixels(image, channel + 3u, vector),
  ));
}

fn load_pixels(image: u32, channel: u32, vector: u32) -> vec4f {
  if (channel >= params.inputs) {
    return vec4f();
  }
  let plane = image * params.inputs + channel;
  let value = vec4f(x[plane * params.plane_vectors + vector]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    return relu_vec4(value * coefficients.x + coefficients.y);
  }
  return value;
}

// The gradients that 4 pixels receive: columns are pixels, components taps.
fn fetch_gradients(image: u32, output: u32, vector: u32, inside: bool) -> mat4x4f {
  if (!inside || output >= params.outputs) {
    return mat4x4f();
  }
  let plane = image * params.outputs + output;
  return transpose(gather(plane * 4u * params.plane_vectors + place(vector)));
}

// Columns are channels, components taps.
fn store(band: u32, channel: u32, output: u32, sums: mat4x4f) {
  if (output >= params.outputs) {
    return;
  }
  let at = (band * params.inputs + channel) * params.outputs + output;
  if (channel < params.inputs) {
    partial[at] = sums[0];
  }
  if (channel + 1u < params.inputs) {
    partial[at + params.outputs] = sums[1];
  }
  if (channel + 2u < params.inputs) {
    partial[at + 2u * params.outputs] = sums[2];
  }
  if (channel + 3u < params.inputs) {
    partial[at + 3u * params.outputs] = sums[3];
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_lane = lane / COLUMN_LANES;
  let column_lane = lane % COLUMN_LANES;
  let first_row = group.z * A_WIDTH;
  let first_column = group.x * B_WIDTH;
  let band = group.y;
  let first_image = band / params.image_bands * params.band_images;
  let images = min(params.images - first_image, params.band_images);
  let first = band % params.image_bands * params.band_vectors;
  let length = min(params.plane_vectors - first, params.band_vectors);
  var sums: Sums;
  for (var k = 0u; k < images * length; k += STEP / 4u) {
    let a_at = k + lane / A_WIDTH;
    let pixels = fetch_pixels(
      first_image + a_at / length,
      4u * (first_row + lane % A_WIDTH),
      first + a_at % length,
      a_at < images * length,
    );
    let b_at = k + lane / B_WIDTH;
    let gradients = fetch_gradients(
      first_image + b_at / length,
      first_column + lane % B_WIDTH,
      first + b_at % length,
      b_at < images * length,
    );
    keep_a(lane, pixels);
    keep_b(lane, gradients);
    multiply_step(row_lane, column_lane, &sums);
  }
  let to = params.first_band + band;
  let channel = 4u * (first_row + row_lane);
  let output = first_column + column_lane;
  store(to, channel, output, sums.c00);
  store(to, channel, output + COLUMN_LANES, sums.c01);
  store(to, channel + 4u * ROW_LANES, output, sums.c10);
  store(to, channel + 4u * ROW_LANES, output + COLUMN_LANES, sums.c11);
}
