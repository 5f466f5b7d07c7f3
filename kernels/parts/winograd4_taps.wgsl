// Part of both forms of Winograd's F(4x4, 3x3) transform of weights: Params, and where taps lie.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  outputs: u32,        // of the layer
  inputs: u32,         // of the layer
  first_row: u32,      // the output channel (flipped: the input channel) of row 0 of u
  rows: u32,           // rows of u, padded with zeros
  used_rows: u32,      // rows that belong to a channel; the others are zeros
  flipped: u32,        // 1: for the input gradient, taps rotated by 180 degrees and inputs and outputs swapped
}

// The first tap of a pair of channels in w.
fn first_tap(padded_row: u32, k: u32) -> u32 {
  let row = params.first_row + padded_row;
  return select(row * params.inputs + k, k * params.inputs + row, params.flipped == 1u) * 9u;
}
