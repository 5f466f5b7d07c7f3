// Part of the register GEMMs gemm/nn*.wgsl: the outer product, by rows.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}
