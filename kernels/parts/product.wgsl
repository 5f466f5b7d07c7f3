// Part of the products of registers, gemm/nn*.wgsl: outer products, and a tile's way into `c` by put_vectors.wgsl.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

fn store(start: u32, tile: mat4x4f) {
  put(start, tile[0]);
  put(start + params.column_vectors, tile[1]);
  put(start + 2u * params.column_vectors, tile[2]);
  put(start + 3u * params.column_vectors, tile[3]);
}
