// Input gradient of a 1 x 1 convolution, gated by the ReLU in front of it:
// grad_input[n, c, p] = [activation > 0] * sum over o of w[o, c] * gradient[n, o, p].
// Layout: NCHW, height * width a multiple of 4.
// Work: one invocation per 4 pixels of CHANNELS channels; workgroups.y counts those, z images.
// Parts: epilogue.wgsl.
// Host: kernels/conv1x1/conv1x1.ts. Test: tests/kernels/conv1x1_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS: u32 = 8u; // the workgroups of single channels would cost a software adapter more than their work

struct Params {
  channels: u32,
  outputs: u32,
  vectors: u32, // height * width / 4
  flags: u32,   // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gate = vec4f;
alias GradInput = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = group.x * WORKGROUP + lane;
  if (pixel >= params.vectors) {
    return;
  }
  let image = group.z;
  let first = image * params.outputs * params.vectors + pixel;
  let first_gradient = gradient[first];
  let end = min(params.channels, (group.y + 1u) * CHANNELS);
  for (var channel = group.y * CHANNELS; channel < end; channel++) {
    var sum = w[channel] * first_gradient;
    for (var output = 1u; output < params.outputs; output++) {
      sum += w[output * params.channels + channel] * gradient[first + output * params.vectors];
    }
    let plane = image * params.channels + channel;
    let at = plane * params.vectors + pixel;
    if ((params.flags & GATE) != 0u) {
      var activation = vec4f(gate[at]);
      if ((params.flags & GATE_NORMALIZED) != 0u) {
        let coefficients = gate_affine[plane];
        activation = activation * coefficients.x + coefficients.y;
      }
      sum = select(vec4f(), sum, activation > vec4f());
    }
    grad_input[at] = GradInput(sum);
  }
}
