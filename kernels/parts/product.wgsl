// Part of the register GEMMs gemm/nn*.wgsl: outer products, and storing a tile through accumulate_vectors.wgsl.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

fn store(start: u32, tile: mat4x4f) {
  accumulate(start, tile[0]);
  accumulate(start + params.column_vectors, tile[1]);
  accumulate(start + 2u * params.column_vectors, tile[2]);
  accumulate(start + 3u * params.column_vectors, tile[3]);
}
