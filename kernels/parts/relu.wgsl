// Part: max(0, x) that keeps NaN. max(x, 0) and comparisons with 0, which compilers for hardware turn into it, would
// map NaN to 0 and hide it. The bits from just below -0 (0x80000001) to -infinity are those of the negative numbers.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn relu(value: f32) -> f32 {
  return select(value, 0.0, bitcast<u32>(value) - 0x80000001u < 0x7f800000u);
}

fn relu_vec3(value: vec3f) -> vec3f {
  return select(value, vec3f(), bitcast<vec3u>(value) - 0x80000001u < vec3u(0x7f800000u));
}

fn relu_vec4(value: vec4f) -> vec4f {
  return select(value, vec4f(), bitcast<vec4u>(value) - 0x80000001u < vec4u(0x7f800000u));
}
