// Input gradient of a 2 x 2 transposed convolution with stride 2, for inputs of any width; see dgrad.wgsl:
// grad_input[n, c, i, j] = scale * gate * sum over o, p, q of w[c, o, p, q] * gradient[n, o, 2 i + p, 2 j + q].
// Layout: NCHW, w[c][o][p][q].
// Work: one invocation per 4 channels of 4 input pixels, which may belong to different images.
// Parts: epilogue.wgsl.
// Host: kernels/conv_transpose2d/conv_transpose2d.ts. Test: tests/kernels/conv_transpose2d_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  inputs: u32,
  outputs: u32,
  width: u32,
  pixels: u32,  // height * width
  columns: u32, // pixels of all images
  flags: u32,   // of epilogue.wgsl
  scale: f32,   // 1, or 1 / (1 - p) after dropout
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec2f;
alias Gate = f32;
alias GradInput = f32;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

// The four gradients that a pixel receives.
fn taps(at: u32) -> vec4f {
  return vec4f(vec2f(gradient[at]), vec2f(gradient[at + params.width]));
}

fn store(column: u32, channel: u32, sum: f32) {
  if (column >= params.columns || channel >= params.inputs) {
    return;
  }
  let plane = column / params.pixels * params.inputs + channel;
  let at = plane * params.pixels + column % params.pixels;
  var value = params.scale * sum;
  if ((params.flags & GATE) != 0u) {
    var activation = f32(gate[at]);
    if ((params.flags & GATE_NORMALIZED) != 0u) {
      let coefficients = gate_affine[plane];
      activation = activation * coefficients.x + coefficients.y;
    }
    value = select(0.0, value, activation > 0.0);
  }
  grad_input[at] = GradInput(value);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * WORKGROUP + lane;
  let tiles = (params.columns + 3u) / 4u;
  let channel = index / tiles * 4u;
  if (channel >= params.inputs) {
    return;
  }
  let column = index % tiles * 4u;
  let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(params.columns - 1u));
  let channels = min(vec4u(channel, channel + 1u, channel + 2u, channel + 3u), vec4u(params.inputs - 1u));
  let weights = channels * params.outputs;
  let pixels = columns % params.pixels;
  var at = columns / params.pixels * params.outputs * 2u * params.pixels +
    pixels / params.width * 2u * params.width + pixels % params.width;
  // Columns are channels, components pixels.
  var sums = mat4x4f();
  for (var output = 0u; output < params.outputs; output++) {
    let g = transpose(mat4x4f(taps(at.x), taps(at.y), taps(at.z), taps(at.w)));
    sums += mat4x4f(
      g * w[weights.x + output],
      g * w[weights.y + output],
      g * w[weights.z + output],
      g * w[weights.w + output],
    );
    at += 2u * params.pixels;
  }
  for (var i = 0u; i < 4u; i++) {
    store(column, channel + i, sums[i].x);
    store(column + 1u, channel + i, sums[i].y);
    store(column + 2u, channel + i, sums[i].z);
    store(column + 3u, channel + i, sums[i].w);
  }
}
