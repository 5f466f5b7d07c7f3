// Instance normalization (z - mean) / sqrt(variance + 1e-5) * weight + bias, folded into one scale and shift per plane
// (image and channel). The variance is the biased one.
// Layout: statistics[plane] = (mean, 1 / sqrt(variance + 1e-5)); affine[plane] = (scale, shift).
// Work: one invocation per plane, which merges its bands.
// Host: kernels/instance_norm/instance_norm.ts. Test: tests/kernels/instance_norm_test.ts.
const WORKGROUP: u32 = 64u;
const EPSILON: f32 = 0.00001;

struct Params {
  planes: u32,
  channels: u32,
  pixels: u32,
  band_pixels: u32,
  bands: u32,
}

@group(0) @binding(0) var<storage, read> partial: array<vec2f>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> affine: array<vec2f>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let plane = group.x * WORKGROUP + lane;
  if (plane >= params.planes) {
    return;
  }
  var count = 0.0;
  var mean = 0.0;
  var squares = 0.0;
  for (var band = 0u; band < params.bands; band++) {
    let part = partial[plane * params.bands + band];
    let part_count = f32(min(params.band_pixels, params.pixels - band * params.band_pixels));
    let both = count + part_count;
    let difference = part.x - mean;
    mean += difference * (part_count / both);
    squares += part.y + difference * difference * (count * part_count / both);
    count = both;
  }
  let inverse = 1.0 / sqrt(squares / count + EPSILON);
  let channel = plane % params.channels;
  let scale = weight[channel] * inverse;
  statistics[plane] = vec2f(mean, inverse);
  affine[plane] = vec2f(scale, bias[channel] - mean * scale);
}
