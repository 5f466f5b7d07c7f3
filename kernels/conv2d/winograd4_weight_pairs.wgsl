// winograd4_weight.wgsl for pairs of neighboring rows, the same bits: software adapters store two values as one word of 64
// bits.
// Layout: w OIHW; u[36][k][rows], k the channels summed over, rows a padded block of the others.
// Work: one invocation per two rows of u; workgroups.y counts k.
// Parts: winograd4_taps.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> w: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> u: array<vec2f>;
@group(0) @binding(2) var<uniform> params: Params;

// Zeros for a padding row. Five words hold nine taps and a value before or behind them.
fn load(padded_row: u32, k: u32) -> mat3x3f {
  if (padded_row >= params.used_rows) {
    return mat3x3f();
  }
  let at = first_tap(padded_row, k);
  let p0 = w[at / 2u];
  let p1 = w[at / 2u + 1u];
  let p2 = w[at / 2u + 2u];
  let p3 = w[at / 2u + 3u];
  let p4 = w[at / 2u + 4u];
  let odd = at % 2u == 1u;
  let q0 = select(vec3f(p0, p1.x), vec3f(p0.y, p1), odd);
  let q1 = select(vec3f(p1.y, p2), vec3f(p2, p3.x), odd);
  let q2 = select(vec3f(p3, p4.x), vec3f(p3.y, p4), odd);
  if (params.flipped == 1u) {
    return mat3x3f(q2.zyx, q1.zyx, q0.zyx);
  }
  return mat3x3f(q0, q1, q2);
}

fn store(at: u32, step: u32, left: vec3f, right: vec3f) {
  let x = vec2f(left.x, right.x);
  let y = vec2f(left.y, right.y);
  let z = vec2f(left.z, right.z);
  let sum = (x + z) / 6.0;
  let wide = x / 24.0 + z / 6.0;
  u[at] = x / 4.0;
  u[at + step] = -sum - y / 6.0;
  u[at + 2u * step] = y / 6.0 - sum;
  u[at + 3u * step] = wide + y / 12.0;
  u[at + 4u * step] = wide - y / 12.0;
  u[at + 5u * step] = z;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (group.x * WORKGROUP + lane) * 2u;
  let k = group.y;
  if (row >= params.rows) {
    return;
  }
  let g = load(row, k);
  let h = load(row + 1u, k);
  let depth = select(params.inputs, params.outputs, params.flipped == 1u);
  let at = (k * params.rows + row) / 2u;
  let step = depth * params.rows / 2u;
  let sum = (g[0] + g[2]) / 6.0;
  let wide = g[0] / 24.0 + g[2] / 6.0;
  let sum_h = (h[0] + h[2]) / 6.0;
  let wide_h = h[0] / 24.0 + h[2] / 6.0;
  store(at, step, g[0] / 4.0, h[0] / 4.0);
  store(at + 6u * step, step, -sum - g[1] / 6.0, -sum_h - h[1] / 6.0);
  store(at + 12u * step, step, g[1] / 6.0 - sum, h[1] / 6.0 - sum_h);
  store(at + 18u * step, step, wide + g[1] / 12.0, wide_h + h[1] / 12.0);
  store(at + 24u * step, step, wide - g[1] / 12.0, wide_h - h[1] / 12.0);
  store(at + 30u * step, step, g[2], h[2]);
}
