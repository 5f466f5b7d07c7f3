// Part: Params of the Winograd transforms of inputs and gradients, for both tile sizes.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  channels: u32,      // of this tensor
  skipped: u32,       // channels before the transformed ones
  count: u32,         // channels transformed here
  first_channel: u32, // where these begin among the transformed ones
  depth: u32,         // transformed channels in all
  height: u32,
  width: u32,
  tile_rows: u32,
  tile_columns: u32,
  first_tile: u32,    // of images * tile_rows * tile_columns
  tiles: u32,         // transformed here
  padded_tiles: u32,  // tiles of the transformed layout, a multiple of 16
}
