// Part of the products of registers, gemm/nn*.wgsl: what the host tells them.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // n / 4
  depth: u32,          // k
  column_tiles: u32,   // tiles beside each other; a subgroup's last one may reach beyond n
  row_tiles: u32,      // and below each other, beyond m
  slice: u32,          // k of one slice; the last may be shorter
  layers: u32,         // z
  first_slice: u32,    // the slice that workgroups.z = 0 writes
  keep: u32,           // whether to add to what is there
  scale: f32,          // of what is put there
}
