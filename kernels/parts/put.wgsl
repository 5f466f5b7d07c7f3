// Part of kernels that end a gradient: puts a sum into `total`, as kernels/accumulation.ts describes it by `keep` and
// `scale` of the kernel's `Params`.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn put(at: u32, value: f32) {
  var sum = params.scale * value;
  // What is not kept is not read: it may be anything.
  if (params.keep != 0u) {
    sum += total[at];
  }
  total[at] = sum;
}
