// Part of the register GEMMs gemm/nn*.wgsl: their Params.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  row_vectors: u32,    // m / 4
  column_vectors: u32, // n / 4
  depth: u32,          // k
  column_tiles: u32,   // tiles across; a subgroup's last one may extend past n
  row_tiles: u32,      // tiles down; likewise past m
  slice: u32,          // k of one slice; the last may be shorter
  layers: u32,         // z
  first_slice: u32,    // the slice that workgroups.z = 0 writes
  keep: u32,           // whether to keep the existing value
  scale: f32,          // factor on the value
}
