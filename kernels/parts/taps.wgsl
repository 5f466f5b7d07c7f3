// Part: gradients that 4 neighboring input pixels of a 2 x 2 transposed convolution with stride 2 receive, from its
// output's `gradient`, NCHW in vectors; params.row_vectors counts those in a row of the input.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.

// Offset in a plane of the gradients of a vector of pixels.
fn place(vector: u32) -> u32 {
  return 2u * (vector / params.row_vectors * 2u * params.row_vectors + vector % params.row_vectors);
}

// Columns are taps, components pixels.
fn gather(at: u32) -> mat4x4f {
  let above = vec4f(gradient[at]);
  let above_right = vec4f(gradient[at + 1u]);
  let below = vec4f(gradient[at + 2u * params.row_vectors]);
  let below_right = vec4f(gradient[at + 2u * params.row_vectors + 1u]);
  return mat4x4f(
    vec4f(above.xz, above_right.xz),
    vec4f(above.yw, above_right.yw),
    vec4f(below.xz, below_right.xz),
    vec4f(below.yw, below_right.yw),
  );
}
