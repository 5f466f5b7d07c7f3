// Partial sums of squares of a flat block: partial[band] = sum over the band of g^2.
// Layout: a flat block, a multiple of 4, cut into bands.
// Work: one invocation per band.
// Host: kernels/clip/clip.ts. Test: tests/kernels/clip_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  vectors: u32,      // bound here
  band_vectors: u32,
  first_band: u32,   // of the first vector bound here
}

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let band = group.x * WORKGROUP + lane;
  let first = band * params.band_vectors;
  if (first >= params.vectors) {
    return;
  }
  let end = min(params.vectors, first + params.band_vectors);
  var sum = vec4f();
  for (var i = first; i < end; i++) {
    sum += gradient[i] * gradient[i];
  }
  partial[params.first_band + band] = sum.x + sum.y + sum.z + sum.w;
}
