// Part of both forms of Winograd's F(4x4, 3x3) weight gradient: Params, and G^T s G of a pair of channels.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  inputs: u32,
  first_output: u32, // the output channel of row 0
  rows: u32,
  columns: u32,
  slices: u32,
  keep: u32,  // whether to keep the existing value
  scale: f32, // factor on the value
}

alias Row = mat2x3f; // six values

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

fn store_taps(pair: u32, r0: Row, r1: Row, r2: Row, r3: Row, r4: Row, r5: Row) {
  let near_sum = (1.0 / 6.0) * (r1 + r2);
  let far_sum = r3 + r4;
  let to = pair * 9u;
  store(to, narrow(0.25 * r0 - near_sum + (1.0 / 24.0) * far_sum));
  store(to + 3u, narrow((1.0 / 6.0) * (r2 - r1) + (1.0 / 12.0) * (r3 - r4)));
  store(to + 6u, narrow((1.0 / 6.0) * far_sum - near_sum + r5));
}
