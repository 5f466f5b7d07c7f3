// Part: places of pairs of neighboring pixels of the input of a 2 x 2 transposed convolution with stride 2, in the
// planes of its output in vectors; params.row_pairs counts those in a row of the input.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.

// Offsets in a plane of the upper patches of pairs; the lower ones are a row further.
fn place(pairs: vec4u) -> vec4u {
  return pairs / params.row_pairs * 2u * params.row_pairs + pairs % params.row_pairs;
}
