// Takes the input gradient of a 2 x 2 transposed convolution from matrix columns back to NCHW, and multiplies it by
// the derivative of what made the input: ReLU (read off the activation) and, where it dropped out, the scale.
// Work: an invocation owns one value; workgroups.y counts channels.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  channels: u32,
  pixels: u32,  // height * width
  columns: u32, // pictures * pixels
  stride: u32,  // columns, padded
  flags: u32,   // 4 gate, 8 the gate is normalised
  scale: f32,   // 1, or 1 / (1 - p) after dropout
}

const GATE: u32 = 4u;
const GATE_NORMALIZED: u32 = 8u;

@group(0) @binding(0) var<storage, read> m: array<f32>;
@group(0) @binding(1) var<storage, read> gate: array<f32>;
@group(0) @binding(2) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * WORKGROUP + lane;
  if (column >= params.columns) {
    return;
  }
  let plane = column / params.pixels * params.channels + group.y;
  let at = plane * params.pixels + column % params.pixels;
  var value = params.scale * m[group.y * params.stride + column];
  if ((params.flags & GATE) != 0u) {
    var activation = gate[at];
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    value = select(0.0, value, activation > 0.0);
  }
  gradient[at] = value;
}
