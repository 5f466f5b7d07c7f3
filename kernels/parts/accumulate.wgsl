// Part of kernels that finish a gradient: total = keep * total + scale * value, with the fields `keep` and `scale` of
// Params (kernels/accumulation.ts).
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn accumulate(at: u32, value: f32) {
  var sum = params.scale * value;
  // Not read unless kept: it may be uninitialized.
  if (params.keep != 0u) {
    sum += total[at];
  }
  total[at] = sum;
}
