// Part of kernels: Params of the transforms of Winograd's tiles, input and gradient, of either size.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  channels: u32,      // of this tensor
  skipped: u32,       // its channels before those that are transformed
  count: u32,         // channels that are transformed
  first_channel: u32, // where they stand among the transformed ones
  depth: u32,         // transformed channels in all
  height: u32,
  width: u32,
  tile_rows: u32,
  tile_columns: u32,
  first_tile: u32,    // of images * tile_rows * tile_columns
  tiles: u32,         // transformed here
  padded_tiles: u32,  // tiles of the transformed layout, a multiple of 16
}
