// The weight gradient of wgrad.wgsl for software adapters with subgroups of 8 or 4: sum over n, i, j of
// x[n, c, i, j] * gradient[n, o, 2 i + p, 2 j + q], as partial sums over bands, which reduce/rows.wgsl adds.
// Layout: x and gradient NCHW, even input width; partial[band][c][o][p][q]. A band is a run of whole images or of one
// image's pixels.
// Work: one subgroup per 4 * CHANNEL_VECTORS channels x OUTPUTS outputs per invocation; workgroups.y counts bands. All
// invocations need x: each loads one pair of pixels of every channel, so that memory is read in order, and hands it to
// the others when it is its turn.
// Parts: pairs.wgsl, relu.wgsl.
// Host: kernels/conv_transpose2d/subgroup.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 8u;       // or 4; one subgroup: an idle second one would still compute
const CHANNEL_VECTORS: u32 = 8u; // 4 or 8
const OUTPUTS: u32 = 2u;         // 1 or 2
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

struct Params {
  inputs: u32,
  outputs: u32,
  row_pairs: u32,   // width / 2
  plane_pairs: u32, // height * width / 2
  images: u32,
  band_images: u32, // images of a band
  image_bands: u32, // bands of an image; 1 if a band has several images
  band_pairs: u32,  // pairs of a band within an image
  first_band: u32,  // of the first image bound here
  output_tiles: u32,
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec2f;
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

fn load(image: u32, channel: u32, pair: u32) -> vec2f {
  let plane = image * params.inputs + min(channel, params.inputs - 1u);
  let value = vec2f(x[plane * params.plane_pairs + pair]);
  if (NORMALIZED) {
    let coefficients = affine[plane];
    return relu_vec4((value * coefficients.x + coefficients.y).xyxy).xy;
  }
  return value;
}

// The gradients that a pair of pixels receives: columns are pixels, components taps.
fn gather(at: u32) -> mat2x4f {
  let above = vec4f(gradient[at]);
  let below = vec4f(gradient[at + params.row_pairs]);
  return mat2x4f(vec4f(above.xy, below.xy), vec4f(above.zw, below.zw));
}

// Four channels of the pair of pixels that an invocation holds: columns are channels, components pixels.
fn share(a: vec2f, b: vec2f, c: vec2f, d: vec2f, lane: u32) -> mat4x2f {
  return mat4x2f(
    subgroupShuffle(a, lane),
    subgroupShuffle(b, lane),
    subgroupShuffle(c, lane),
    subgroupShuffle(d, lane),
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) subgroup_lane: u32) {
  let channel = group.x / params.output_tiles * 4u * CHANNEL_VECTORS;
  let output = group.x % params.output_tiles * OUTPUTS * WORKGROUP + subgroup_lane;
  // Past the edge, neighbors' values are loaded but not stored: broadcasts need every invocation.
  let output0 = min(output, params.outputs - 1u);
  let output1 = min(output + WORKGROUP, params.outputs - 1u);
  let band = group.y;
  let first_image = band / params.image_bands * params.band_images;
  let end_image = min(params.images, first_image + params.band_images);
  let first = band % params.image_bands * params.band_pairs;
  let end = min(params.plane_pairs, first + params.band_pairs);
  // Columns are channels, components taps.
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c20 = mat4x4f();
  var c21 = mat4x4f();
  var c30 = mat4x4f();
  var c31 = mat4x4f();
  var c40 = mat4x4f();
  var c41 = mat4x4f();
  var c50 = mat4x4f();
  var c51 = mat4x4f();
  var c60 = mat4x4f();
  var c61 = mat4x4f();
  var c70 = mat4x4f();
  var c71 = mat4x4f();
  for (var image = first_image; image < end_image; image++) {
    let start = image * params.outputs * 2u * params.plane_pairs + place(vec4u(first)).x;
    var at0 = start + output0 * 2u * params.plane_pairs;
    var at1 = start + output1 * 2u * params.plane_pairs;
    var column = first % params.row_pairs;
    for (var block = first; block < end; block += WORKGROUP) {
      let own = min(block + subgroup_lane, end - 1u);
      let x0 = load(image, channel + 0u, own);
      let x1 = load(image, channel + 1u, own);
      let x2 = load(image, channel + 2u, own);
      let x3 = load(image, channel + 3u, own);
      let x4 = load(image, channel + 4u, own);
      let x5 = load(image, channel + 5u, own);
      let x6 = load(image, channel + 6u, own);
      let x7 = load(image, channel + 7u, own);
      let x8 = load(image, channel + 8u, own);
      let x9 = load(image, channel + 9u, own);
      let x10 = load(image, channel + 10u, own);
      let x11 = load(image, channel + 11u, own);
      let x12 = load(image, channel + 12u, own);
      let x13 = load(image, channel + 13u, own);
      let x14 = load(image, channel + 14u, own);
      let x15 = load(image, channel + 15u, own);
      var x16 = vec2f();
      var x17 = vec2f();
      var x18 = vec2f();
      var x19 = vec2f();
      var x20 = vec2f();
      var x21 = vec2f();
      var x22 = vec2f();
      var x23 = vec2f();
      var x24 = vec2f();
      var x25 = vec2f();
      var x26 = vec2f();
      var x27 = vec2f();
      var x28 = vec2f();
      var x29 = vec2f();
      var x30 = vec2f();
      var x31 = vec2f();
      if (CHANNEL_VECTORS == 8u) {
        x16 = load(image, channel + 16u, own);
        x17 = load(image, channel + 17u, own);
        x18 = load(image, channel + 18u, own);
        x19 = load(image, channel + 19u, own);
        x20 = load(image, channel + 20u, own);
        x21 = load(image, channel + 21u, own);
        x22 = load(image, channel + 22u, own);
        x23 = load(image, channel + 23u, own);
        x24 = load(image, channel + 24u, own);
        x25 = load(image, channel + 25u, own);
        x26 = load(image, channel + 26u, own);
        x27 = load(image, channel + 27u, own);
        x28 = load(image, channel + 28u, own);
        x29 = load(image, channel + 29u, own);
        x30 = load(image, channel + 30u, own);
        x31 = load(image, channel + 31u, own);
      }
      let length = min(WORKGROUP, end - block);
      for (var turn = 0u; turn < length; turn++) {
        let g0 = gather(at0);
        var g1 = mat2x4f();
        if (OUTPUTS == 2u) {
          g1 = gather(at1);
        }
        let u0 = share(x0, x1, x2, x3, turn);
        c00 += g0 * u0;
        if (OUTPUTS == 2u) {
          c01 += g1 * u0;
        }
        let u1 = share(x4, x5, x6, x7, turn);
        c10 += g0 * u1;
        if (OUTPUTS == 2u) {
          c11 += g1 * u1;
        }
        let u2 = share(x8, x9, x10, x11, turn);
        c20 += g0 * u2;
        if (OUTPUTS == 2u) {
          c21 += g1 * u2;
        }
        let u3 = share(x12, x13, x14, x15, turn);
        c30 += g0 * u3;
        if (OUTPUTS == 2u) {
          c31 += g1 * u3;
        }
        if (CHANNEL_VECTORS == 8u) {
          let u4 = share(x16, x17, x18, x19, turn);
          c40 += g0 * u4;
          if (OUTPUTS == 2u) {
            c41 += g1 * u4;
          }
          let u5 = share(x20, x21, x22, x23, turn);
          c50 += g0 * u5;
          if (OUTPUTS == 2u) {
            c51 += g1 * u5;
          }
          let u6 = share(x24, x25, x26, x27, turn);
          c60 += g0 * u6;
          if (OUTPUTS == 2u) {
            c61 += g1 * u6;
          }
          let u7 = share(x28, x29, x30, x31, turn);
          c70 += g0 * u7;
          if (OUTPUTS == 2u) {
            c71 += g1 * u7;
          }
        }
        column++;
        // At the end of a row of x, the gradient skips a row: each row of x covers two of them.
        let wrapped = column == params.row_pairs;
        column = select(column, 0u, wrapped);
        let step = select(1u, 1u + params.row_pairs, wrapped);
        at0 += step;
        at1 += step;
      }
    }
  }
  let to = params.first_band + band;
  // A loop: unrolled stores would each cost a software adapter seconds of compilation.
  var tiles = array<mat4x4f, 16>(c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71);
  for (var i = 0u; i < 8u * CHANNEL_VECTORS; i++) {
    let row = channel + i / 8u * 4u + i % 4u;
    let second = i / 4u % 2u;
    let output_at = output + second * WORKGROUP;
    if (row < params.inputs && output_at < params.outputs && second < OUTPUTS) {
      partial[(to * params.inputs + row) * params.outputs + output_at] = tiles[i / 4u][i % 4u];
    }
  }
}
