// Winograd F(2x2, 3x3), weights: u = G g G^T.
// Layout: w OIHW; u[16][k][rows], k the channels summed over, rows a padded block of the others.
// Work: one invocation per row of u; workgroups.y counts k.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  outputs: u32,        // of the layer
  inputs: u32,         // of the layer
  first_row: u32,      // the output channel (flipped: the input channel) of row 0 of u
  rows: u32,           // rows of u, padded with zeros
  used_rows: u32,      // rows that belong to a channel; the others are zeros
  flipped: u32,        // 1: for the input gradient, taps rotated by 180 degrees and inputs and outputs swapped
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> u: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

fn load(row: u32, k: u32) -> mat3x3f {
  if (params.flipped == 1u) {
    let at = (k * params.inputs + row) * 9u;
    return mat3x3f(w[at + 8u], w[at + 7u], w[at + 6u], w[at + 5u], w[at + 4u], w[at + 3u], w[at + 2u], w[at + 1u], w[at]);
  }
  let at = (row * params.inputs + k) * 9u;
  return mat3x3f(w[at], w[at + 1u], w[at + 2u], w[at + 3u], w[at + 4u], w[at + 5u], w[at + 6u], w[at + 7u], w[at + 8u]);
}

fn store(at: u32, step: u32, g: vec3f) {
  let sum = 0.5 * (g.x + g.z);
  u[at] = g.x;
  u[at + step] = sum + 0.5 * g.y;
  u[at + 2u * step] = sum - 0.5 * g.y;
  u[at + 3u * step] = g.z;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * WORKGROUP + lane;
  let k = group.y;
  if (row >= params.rows) {
    return;
  }
  var g = mat3x3f();
  if (row < params.used_rows) {
    g = load(params.first_row + row, k);
  }
  let depth = select(params.inputs, params.outputs, params.flipped == 1u);
  let at = k * params.rows + row;
  let step = depth * params.rows;
  let sum = 0.5 * (g[0] + g[2]);
  store(at, step, g[0]);
  store(at + 4u * step, step, sum + 0.5 * g[1]);
  store(at + 8u * step, step, sum - 0.5 * g[1]);
  store(at + 12u * step, step, g[2]);
}
