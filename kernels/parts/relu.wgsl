// Part: max(0, x) that keeps NaN. max(x, 0) and comparisons with 0, which compilers for hardware turn into it, would
// map NaN to 0 and hide it. The bits from just below -0 (0x80000001) to -infinity are those of the negative numbers.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn relu(x: f32) -> f32 {
  return select(x, 0.0, bitcast<u32>(x) - 0x80000001u < 0x7f800000u);
}

fn relu_vec3(x: vec3f) -> vec3f {
  return select(x, vec3f(), bitcast<vec3u>(x) - 0x80000001u < vec3u(0x7f800000u));
}

fn relu_vec4(x: vec4f) -> vec4f {
  return select(x, vec4f(), bitcast<vec4u>(x) - 0x80000001u < vec4u(0x7f800000u));
}
