// Sums of a small tensor over pictures and pixels, one for each channel: a bias gradient in one dispatch, where bands
// (kernels/reduce/channel_sums.wgsl) would take two that have next to nothing to do.
// Layout: x NCHW; total[channel].
// Work: an invocation owns one channel.
// Parts: put.wgsl.
// Host: kernels/reduce/reduce.ts. Test: tests/kernels/reduce_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  channels: u32,
  pixels: u32, // height * width
  images: u32,
  keep: u32,  // whether to add to what is there
  scale: f32, // of what is put there
}

// What tensors are stored as: kernels/storage.ts can make it float16; all is computed in float32.
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
  put(channel, (sum.x + sum.y) + (sum.z + sum.w));
}
