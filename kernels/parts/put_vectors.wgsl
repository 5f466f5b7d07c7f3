// Part of matrix products: puts a sum of vectors into `c`, as put.wgsl does a single one.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn put(at: u32, value: vec4f) {
  var sum = params.scale * value;
  // What is not kept is not read: it may be anything.
  if (params.keep != 0u) {
    sum += c[at];
  }
  c[at] = sum;
}
