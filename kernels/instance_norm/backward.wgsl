// Input gradient of an instance normalization, in place of the output's gradient g, with zn the normalized z and means
// over the plane: scale * (g - mean(g) - zn * mean(g * zn)).
// Layout: z and gradient NCHW.
// Work: one invocation per 4 values, or per value if planes are not a multiple of 4; workgroups.y counts planes.
// Host: kernels/instance_norm/instance_norm.ts. Test: tests/kernels/instance_norm_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  pixels: u32,      // height * width
  first_plane: u32, // index of the first plane bound here
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Z = vec4f;
alias Gradient = vec4f;

@group(0) @binding(0) var<storage, read> z: array<Z>;
@group(0) @binding(1) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(2) var<storage, read> affine: array<vec2f>;
@group(0) @binding(3) var<storage, read> sums: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> gradient: array<Gradient>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let plane = params.first_plane + group.y;
  let statistic = statistics[plane];
  let means = sums[plane] / f32(params.pixels);
  let scale = affine[plane].x;
  if (params.pixels % 4u == 0u) {
    if (index < params.pixels / 4u) {
      let at = group.y * (params.pixels / 4u) + index;
      let normalized = (vec4f(z[at]) - statistic.x) * statistic.y;
      gradient[at] = Gradient(scale * (vec4f(gradient[at]) - means.x - normalized * means.y));
    }
  } else if (index < params.pixels) {
    let at = group.y * params.pixels + index;
    let normalized = (f32(z[at / 4u][at % 4u]) - statistic.x) * statistic.y;
    let g = f32(gradient[at / 4u][at % 4u]);
      gradient[at / 4u][at % 4u] = Gradient(vec4f(scale * (g - means.x - normalized * means.y))).x;
  }
}
