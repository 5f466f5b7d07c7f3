// Part of the register GEMMs gemm/nn*.wgsl: terms of a tile, and storing it through accumulate_vectors.wgsl.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
// One term after the other, as a loop over single terms adds them.
fn add_outers(sum: mat4x4f, u0: vec4f, v0: vec4f, u1: vec4f, v1: vec4f) -> mat4x4f {
  return sum + outer(u0, v0) + outer(u1, v1);
}

fn store(start: u32, tile: mat4x4f) {
  accumulate(start, tile[0]);
  accumulate(start + params.column_vectors, tile[1]);
  accumulate(start + 2u * params.column_vectors, tile[2]);
  accumulate(start + 3u * params.column_vectors, tile[3]);
}
