// Part of the products of registers, gemm/nn*.wgsl: outer products, and a tile's way into `c`, as kernels/accumulation.ts
// describes it.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

fn put(at: u32, value: vec4f) {
  var sum = params.scale * value;
  // What is not kept is not read: it may be anything.
  if (params.keep != 0u) {
    sum += c[at];
  }
  c[at] = sum;
}

fn store(start: u32, tile: mat4x4f) {
  put(start, tile[0]);
  put(start + params.column_vectors, tile[1]);
  put(start + 2u * params.column_vectors, tile[2]);
  put(start + 3u * params.column_vectors, tile[3]);
}
