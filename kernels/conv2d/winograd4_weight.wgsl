// Winograd F(4x4, 3x3), weights: u = G g G^T.
// Layout: w OIHW; u[36][k][rows], k the channels summed over, rows a padded block of the others.
// Work: one invocation per row of u; workgroups.y counts k.
// Parts: winograd4_taps.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> u: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// Zeros for a padding row.
fn load(padded_row: u32, k: u32) -> mat3x3f {
  if (padded_row >= params.used_rows) {
    return mat3x3f();
  }
  let at = first_tap(padded_row, k);
  if (params.flipped == 1u) {
    return mat3x3f(w[at + 8u], w[at + 7u], w[at + 6u], w[at + 5u], w[at + 4u], w[at + 3u], w[at + 2u], w[at + 1u], w[at]);
  }
  return mat3x3f(w[at], w[at + 1u], w[at + 2u], w[at + 3u], w[at + 4u], w[at + 5u], w[at + 6u], w[at + 7u], w[at + 8u]);
}

fn store(at: u32, step: u32, g: vec3f) {
  let sum = (g.x + g.z) / 6.0;
  let wide = g.x / 24.0 + g.z / 6.0;
  u[at] = g.x / 4.0;
  u[at + step] = -sum - g.y / 6.0;
  u[at + 2u * step] = g.y / 6.0 - sum;
  u[at + 3u * step] = wide + g.y / 12.0;
  u[at + 4u * step] = wide - g.y / 12.0;
  u[at + 5u * step] = g.z;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * WORKGROUP + lane;
  let k = group.y;
  if (row >= params.rows) {
    return;
  }
  let g = load(row, k);
  let depth = select(params.inputs, params.outputs, params.flipped == 1u);
  let at = k * params.rows + row;
  let step = depth * params.rows;
  let sum = (g[0] + g[2]) / 6.0;
  let wide = g[0] / 24.0 + g[2] / 6.0;
  store(at, step, g[0] / 4.0);
  store(at + 6u * step, step, -sum - g[1] / 6.0);
  store(at + 12u * step, step, g[1] / 6.0 - sum);
  store(at + 18u * step, step, wide + g[1] / 12.0);
  store(at + 24u * step, step, wide - g[1] / 12.0);
  store(at + 30u * step, step, g[2]);
}
