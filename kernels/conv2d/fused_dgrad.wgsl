// Input gradient of a 3 x 3 convolution over at most 8 of its outputs, by Winograd F(4x4, 3x3) as in fused_forward.wgsl:
// grad_input[n, c, i, j] = sum over o, p, q of w[o, c, p, q] * gradient[n, o, i + 1 - p, j + 1 - q], times the derivative
// of the ReLU in front, read off the activation or its normalized value.
// Layout: gradient, gate and grad_input NCHW, height and width multiples of 4; w OIHW.
// Work: one subgroup per `rows` rows of 4 x 4 tiles, and 8 input channels; workgroups.y counts these.
// Parts: fused.wgsl, fused_product.wgsl, epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/fused.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup
const CHANNELS: u32 = 8u; // or 4: no more outputs are summed over
const GATED: bool = false; // multiplies by the derivative of the ReLU in front
const ADDS: bool = false; // adds to the existing gradient

struct Params {
  height: u32,
  width: u32,
  tile_rows: u32,   // of all images
  rows: u32,        // of tiles per workgroup
  outputs: u32,     // of the layer
  first: u32,       // the first that is summed over
  count: u32,       // how many are
  inputs: u32,      // of the layer
  first_input: u32, // where the channels of grad_input begin among them
  channels: u32,    // of grad_input
  flags: u32,       // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias Gradient = vec4f;
alias Gate = vec4f;
alias GradInput = vec4f;

@group(0) @binding(0) var<storage, read> gradient: array<Gradient>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<Gate>;
@group(0) @binding(3) var<storage, read> gate_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<GradInput>;
@group(0) @binding(5) var<uniform> params: Params;

fn load(at: Strips, column: u32) -> Strip {
  let v = vectors_of(at, column);
  return padded(at, column, Strip(vec4f(gradient[v[0]]), vec4f(gradient[v[1]]), vec4f(gradient[v[2]]), vec4f(gradient[v[3]]), vec4f(gradient[v[4]]), vec4f(gradient[v[5]])));
}

// Flipped: inputs and outputs swap, taps rotate by 180 degrees.
fn weights(input: u32, output: u32) -> Tile {
  let used = output < params.count;
  let at = ((params.first + min(output, params.count - 1u)) * params.inputs + params.first_input + input) * 9u;
  return transform_weights(mat3x3f(
    select(vec3f(), vec3f(w[at + 8u], w[at + 7u], w[at + 6u]), used),
    select(vec3f(), vec3f(w[at + 5u], w[at + 4u], w[at + 3u]), used),
    select(vec3f(), vec3f(w[at + 2u], w[at + 1u], w[at]), used),
  ));
}

fn finish(value: vec4f, at: u32, coefficients: vec2f) -> GradInput {
  var result = value;
  if (ADDS) {
    result += vec4f(grad_input[at]);
  }
  if (GATED) {
    result = select(vec4f(), result, vec4f(gate[at]) * coefficients.x + coefficients.y > vec4f());
  }
  return GradInput(result);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let channel = group.y * 8u + lane;
  let column_of_weights = min(channel, params.channels - 1u);
  let w_of = array<Tile, 8>(
    weights(column_of_weights, 0u),
    weights(column_of_weights, 1u),
    weights(column_of_weights, 2u),
    weights(column_of_weights, 3u),
    weights(column_of_weights, 4u),
    weights(column_of_weights, 5u),
    weights(column_of_weights, 6u),
    weights(column_of_weights, 7u),
  );
  let normalized = (params.flags & GATE_NORMALIZED) != 0u;
  let vectors = params.width / 4u;
  let image_rows = params.height / 4u;
  let output = params.first + min(lane, params.count - 1u);
  let end = min(params.tile_rows, (group.x + 1u) * params.rows);
  for (var tile_row = group.x * params.rows; tile_row < end; tile_row++) {
    let image = tile_row / image_rows;
    let row = tile_row % image_rows * 4u;
    let at = strips(image * params.outputs + output, row);
    var left = Row();
    var middle = load(at, 0u);
    let plane = image * params.channels + column_of_weights;
    let coefficients = select(vec2f(1.0, 0.0), gate_affine[select(0u, plane, normalized)], normalized);
    var to = (plane * params.height + row) * vectors;
    for (var column = 1u; column <= vectors; column++) {
      let right = load(at, column);
      let result = transform_output(product(transform_input(left, middle, right), w_of));
      left = last_column(middle);
      middle = right;
      // Broadcasts need every invocation; only stores may be skipped.
      if (channel < params.channels) {
        grad_input[to] = finish(result[0], to, coefficients);
        grad_input[to + vectors] = finish(result[1], to + vectors, coefficients);
        grad_input[to + 2u * vectors] = finish(result[2], to + 2u * vectors, coefficients);
        grad_input[to + 3u * vectors] = finish(result[3], to + 3u * vectors, coefficients);
      }
      to++;
    }
  }
}
