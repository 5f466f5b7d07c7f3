// Winograd F(4x4, 3x3), weight gradient: G^T s G, with s the sum of the split-K products over all slices.
// Layout: partial[slices][36][rows][columns], rows a padded block of output channels, columns padded input channels;
// total OIHW.
// Work: one invocation per pair of channels; workgroups.y counts outputs.
// Parts: accumulate.wgsl, winograd4_taps_gradient.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const ONE_SLICE: bool = false; // without a loop, whose masks cost a software adapter a quarter of the time

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

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
  store_taps((params.first_output + group.y) * params.inputs + column, r0, r1, r2, r3, r4, r5);
}
