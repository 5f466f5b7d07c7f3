// Sums of a small tensor per channel, over images and pixels (a bias gradient), in one dispatch: the two of
// channel_sums.wgsl would have next to nothing to do.
// Layout: x NCHW; total[channel].
// Work: one invocation per channel.
// Parts: accumulate.wgsl.
// Host: kernels/reduce/reduce.ts. Test: tests/kernels/reduce_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  channels: u32,
  pixels: u32, // height * width
  images: u32,
  keep: u32,  // whether to keep the existing value
  scale: f32, // factor on the value
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = f32;
alias XVectors = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> x_vectors: array<XVectors>; // the same memory
@group(0) @binding(2) var<storage, read_write> total: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let channel = id.x;
  if (channel >= params.channels) {
    return;
  }
  var sum = vec4f();
  for (var image = 0u; image < params.images; image++) {
    let plane = (image * params.channels + channel) * params.pixels;
    if (params.pixels % 4u == 0u) {
      for (var i = 0u; i < params.pixels / 4u; i++) {
        sum += vec4f(x_vectors[plane / 4u + i]);
      }
    } else {
      for (var i = 0u; i < params.pixels; i++) {
        sum.x += f32(x[plane + i]);
      }
    }
  }
  accumulate(channel, (sum.x + sum.y) + (sum.z + sum.w));
}
