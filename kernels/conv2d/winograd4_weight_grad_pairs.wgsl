// winograd4_weight_grad.wgsl for pairs of neighboring columns, the same bits: software adapters load two values as one
// word of 64 bits.
// Layout: partial[slices][36][rows][columns], rows a padded block of output channels, columns padded input channels;
// total OIHW.
// Work: one invocation per output and two inputs; workgroups.y counts outputs.
// Parts: accumulate.wgsl, winograd4_taps_gradient.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const ONE_SLICE: bool = false; // without a loop, whose masks cost a software adapter a quarter of the time

@group(0) @binding(0) var<storage, read> partial: array<vec2f>;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// Six values of one row of both inputs.
struct Rows {
  left: Row,
  right: Row,
}

fn load_rows(at: u32, step: u32) -> Rows {
  let s0 = partial[at];
  let s1 = partial[at + step];
  let s2 = partial[at + 2u * step];
  let s3 = partial[at + 3u * step];
  let s4 = partial[at + 4u * step];
  let s5 = partial[at + 5u * step];
  return Rows(Row(s0.x, s1.x, s2.x, s3.x, s4.x, s5.x), Row(s0.y, s1.y, s2.y, s3.y, s4.y, s5.y));
}

fn add(a: Rows, b: Rows) -> Rows {
  return Rows(a.left + b.left, a.right + b.right);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = (group.x * WORKGROUP + lane) * 2u;
  if (column >= params.inputs) {
    return;
  }
  let step = params.rows * params.columns / 2u;
  let start = (group.y * params.columns + column) / 2u;
  var r0 = load_rows(start, step);
  var r1 = load_rows(start + 6u * step, step);
  var r2 = load_rows(start + 12u * step, step);
  var r3 = load_rows(start + 18u * step, step);
  var r4 = load_rows(start + 24u * step, step);
  var r5 = load_rows(start + 30u * step, step);
  if (!ONE_SLICE) {
    for (var slice = 1u; slice < params.slices; slice++) {
      let begin = start + slice * 36u * step;
      r0 = add(r0, load_rows(begin, step));
      r1 = add(r1, load_rows(begin + 6u * step, step));
      r2 = add(r2, load_rows(begin + 12u * step, step));
      r3 = add(r3, load_rows(begin + 18u * step, step));
      r4 = add(r4, load_rows(begin + 24u * step, step));
      r5 = add(r5, load_rows(begin + 30u * step, step));
    }
  }
  let pair = (params.first_output + group.y) * params.inputs + column;
  store_taps(pair, r0.left, r1.left, r2.left, r3.left, r4.left, r5.left);
  if (column + 1u < params.inputs) {
    store_taps(pair + 1u, r0.right, r1.right, r2.right, r3.right, r4.right, r5.right);
  }
}
