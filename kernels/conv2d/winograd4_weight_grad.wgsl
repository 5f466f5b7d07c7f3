// Winograd F(4x4, 3x3), weight gradient: G^T s G, with s the sum of the split-K products over all slices.
// Layout: partial[slices][36][rows][columns], rows a padded block of output channels, columns padded input channels;
// total OIHW.
// Work: one invocation per pair of channels; workgroups.y counts outputs.
// Parts: accumulate.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const ONE_SLICE: bool = false; // without a loop, whose masks cost a software adapter a quarter of the time

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

alias Row = mat2x3f; // six values

fn load_row(at: u32, step: u32) -> Row {
  return Row(
    partial[at],
    partial[at + step],
    partial[at + 2u * step],
    partial[at + 3u * step],
    partial[at + 4u * step],
    partial[at + 5u * step],
  );
}

fn narrow(r: Row) -> vec3f {
  let near_sum = (r[0].y + r[0].z) / 6.0;
  let far_sum = r[1].x + r[1].y;
  return vec3f(
    0.25 * r[0].x - near_sum + far_sum / 24.0,
    (r[0].z - r[0].y) / 6.0 + (r[1].x - r[1].y) / 12.0,
    far_sum / 6.0 - near_sum + r[1].z,
  );
}

fn store(at: u32, r: vec3f) {
  accumulate(at, r.x);
  accumulate(at + 1u, r.y);
  accumulate(at + 2u, r.z);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * WORKGROUP + lane;
  if (column >= params.inputs) {
    return;
  }
  let step = params.rows * params.columns;
  var r0 = Row();
  var r1 = Row();
  var r2 = Row();
  var r3 = Row();
  var r4 = Row();
  var r5 = Row();
  if (ONE_SLICE) {
    let start = group.y * params.columns + column;
    r0 = load_row(start, step);
    r1 = load_row(start + 6u * step, step);
    r2 = load_row(start + 12u * step, step);
    r3 = load_row(start + 18u * step, step);
    r4 = load_row(start + 24u * step, step);
    r5 = load_row(start + 30u * step, step);
  } else {
    for (var slice = 0u; slice < params.slices; slice++) {
      let start = slice * 36u * step + group.y * params.columns + column;
      r0 += load_row(start, step);
      r1 += load_row(start + 6u * step, step);
      r2 += load_row(start + 12u * step, step);
      r3 += load_row(start + 18u * step, step);
      r4 += load_row(start + 24u * step, step);
      r5 += load_row(start + 30u * step, step);
    }
  }
  let near_sum = (1.0 / 6.0) * (r1 + r2);
  let far_sum = r3 + r4;
  let to = ((params.first_output + group.y) * params.inputs + column) * 9u;
  store(to, narrow(0.25 * r0 - near_sum + (1.0 / 24.0) * far_sum));
  store(to + 3u, narrow((1.0 / 6.0) * (r2 - r1) + (1.0 / 12.0) * (r3 - r4)));
  store(to + 6u, narrow((1.0 / 6.0) * far_sum - near_sum + r5));
}
