// Part of the GEMMs: accumulate.wgsl for vectors of `c`.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn accumulate(at: u32, value: vec4f) {
  var sum = params.scale * value;
  // Not read unless kept: it may be uninitialized.
  if (params.keep != 0u) {
    sum += c[at];
  }
  c[at] = sum;
}
