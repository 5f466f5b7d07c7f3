// Packs 3 x 3 weights for direct.wgsl, 8 outputs interleaved, padded with zeros. For the input gradient the weights are
// flipped: inputs and outputs swap, taps rotate by 180 degrees, and first_row is an input channel.
// Layout: w OIHW; packed[tile][k][p][q][8].
// Work: one invocation per packed value.
// Host: kernels/conv2d/direct.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  outputs: u32,   // of the layer
  inputs: u32,    // of the layer
  first_row: u32,
  rows: u32,      // channels computed from the packed weights
  flipped: u32,
  count: u32,     // packed values
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x;
  if (index >= params.count) {
    return;
  }
  let depth = select(params.inputs, params.outputs, params.flipped == 1u);
  let tap = index / 8u % 9u;
  let k = index / 72u % depth;
  let row = index / (72u * depth) * 8u + index % 8u;
  var value = 0.0;
  if (row < params.rows) {
    if (params.flipped == 1u) {
      value = w[(k * params.inputs + params.first_row + row) * 9u + 8u - tap];
    } else {
      value = w[((params.first_row + row) * params.inputs + k) * 9u + tap];
    }
  }
  packed[index] = value;
}
