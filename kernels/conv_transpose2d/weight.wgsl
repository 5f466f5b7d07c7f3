// Lays the weights [inputs][outputs][2][2] out as the left matrix of a product, rows padded with zeros:
// packed[k][row] with k an input and row = 4 o + 2 p + q; turned, for the input gradient, k and row change places.
// Work: an invocation owns one value; workgroups.y counts k.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  columns: u32,   // 4 * outputs
  rows: u32,      // padded rows of packed
  used_rows: u32,
  turned: u32,
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * WORKGROUP + lane;
  let k = group.y;
  if (row >= params.rows) {
    return;
  }
  var value = 0.0;
  if (row < params.used_rows) {
    value = w[select(k * params.columns + row, row * params.columns + k, params.turned == 1u)];
  }
  packed[k * params.rows + row] = value;
}
