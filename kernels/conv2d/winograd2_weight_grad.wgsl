// Winograd F(2x2, 3x3), weight gradient: G^T s G, with s the sum of the split-K products over all slices.
// Layout: partial[slices][16][rows][columns], rows a padded block of output channels, columns padded input channels;
// total OIHW.
// Work: one invocation per pair of channels; workgroups.y counts outputs.
// Parts: accumulate.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  inputs: u32,
  first_output: u32, // the output channel of row 0
  rows: u32,
  columns: u32,
  slices: u32,
  keep: u32,  // whether to keep the existing value
  scale: f32, // factor on the value
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

fn load_row(at: u32, step: u32) -> vec4f {
  return vec4f(partial[at], partial[at + step], partial[at + 2u * step], partial[at + 3u * step]);
}

fn store(at: u32, r: vec4f) {
  accumulate(at, r.x + 0.5 * (r.y + r.z));
  accumulate(at + 1u, 0.5 * (r.y - r.z));
  accumulate(at + 2u, 0.5 * (r.y + r.z) + r.w);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * WORKGROUP + lane;
  if (column >= params.inputs) {
    return;
  }
  let step = params.rows * params.columns;
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  for (var slice = 0u; slice < params.slices; slice++) {
    let start = slice * 16u * step + group.y * params.columns + column;
    r0 += load_row(start, step);
    r1 += load_row(start + 4u * step, step);
    r2 += load_row(start + 8u * step, step);
    r3 += load_row(start + 12u * step, step);
  }
  let to = ((params.first_output + group.y) * params.inputs + column) * 9u;
  store(to, r0 + 0.5 * (r1 + r2));
  store(to + 3u, 0.5 * (r1 - r2));
  store(to + 6u, 0.5 * (r1 + r2) + r3);
}
