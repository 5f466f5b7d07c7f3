// Part of both forms of Winograd's F(4x4, 3x3) transform of weights: Params, and the taps of a row.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
struct Params {
  outputs: u32,        // of the layer
  inputs: u32,         // of the layer
  first_row: u32,      // the output channel (flipped: the input channel) of row 0 of u
  rows: u32,           // rows of u, padded with zeros
  used_rows: u32,      // rows that belong to a channel; the others are zeros
  flipped: u32,        // 1: for the input gradient, taps rotated by 180 degrees and inputs and outputs swapped
}

// Zeros for a padding row.
fn load(padded_row: u32, k: u32) -> mat3x3f {
  if (padded_row >= params.used_rows) {
    return mat3x3f();
  }
  let row = params.first_row + padded_row;
  if (params.flipped == 1u) {
    let at = (k * params.inputs + row) * 9u;
    return mat3x3f(w[at + 8u], w[at + 7u], w[at + 6u], w[at + 5u], w[at + 4u], w[at + 3u], w[at + 2u], w[at + 1u], w[at]);
  }
  let at = (row * params.inputs + k) * 9u;
  return mat3x3f(w[at], w[at + 1u], w[at + 2u], w[at + 3u], w[at + 4u], w[at + 5u], w[at + 6u], w[at + 7u], w[at + 8u]);
}
