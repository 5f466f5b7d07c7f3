// Input gradient of a 3 x 3 convolution of at most 16 outputs, by Winograd F(4x4, 3x3) as in fused_forward.wgsl:
// grad_input[n, c, i, j] = sum over o, p, q of w[o, c, p, q] * gradient[n, o, i + 1 - p, j + 1 - q], times the derivative
// of the ReLU in front, read off the activation or its normalized value.
// Layout: gradient, gate and grad_input NCHW, height and width multiples of 4; w OIHW.
// Work: one subgroup per `rows` rows of 4 x 4 tiles, and 8 input channels; workgroups.y counts these.
// Parts: fused.wgsl, fused_product.wgsl, epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/fused.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup
const CHANNELS: u32 = 8u; // outputs that are summed over at a time
const RANGES: u32 = 2u; // ranges of 8 outputs; or 1
const GATED: bool = false; // multiplies by the derivative of the ReLU in front
const ADDS: bool = false; // adds to the existing gradient

struct Params {
  height: u32,
  width: u32,
  tile_rows: u32,     // of all images
  rows: u32,          // of tiles per workgroup
  outputs: u32,       // of the layer
  first_output: u32,  // outputs that are summed over here: the first,
  count: u32,         // how many in the first range,
  second_count: u32,  // and in the second
  inputs: u32,        // of the layer
  first_input: u32,   // where the channels of grad_input begin among them
  channels: u32,      // of grad_input
  flags: u32,         // of epilogue.wgsl
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
fn weights(output: u32, input: u32, used: bool) -> Tile {
  let at = (output * params.inputs + params.first_input + input) * 9u;
  return transform_weights(mat3x3f(
    select(vec3f(), vec3f(w[at + 8u], w[at + 7u], w[at + 6u]), used),
    select(vec3f(), vec3f(w[at + 5u], w[at + 4u], w[at + 3u]), used),
    select(vec3f(), vec3f(w[at + 2u], w[at + 1u], w[at]), used),
  ));
}

fn range_weights(input: u32, first: u32, count: u32) -> array<Tile, 8> {
  return array<Tile, 8>(
    weights(first + min(0u, count - 1u), input, 0u < count),
    weights(first + min(1u, count - 1u), input, 1u < count),
    weights(first + min(2u, count - 1u), input, 2u < count),
    weights(first + min(3u, count - 1u), input, 3u < count),
    weights(first + min(4u, count - 1u), input, 4u < count),
    weights(first + min(5u, count - 1u), input, 5u < count),
    weights(first + min(6u, count - 1u), input, 6u < count),
    weights(first + min(7u, count - 1u), input, 7u < count),
  );
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
  let w0 = range_weights(column_of_weights, params.first_output, params.count);
  var w1: array<Tile, 8>;
  if (RANGES == 2u) {
    w1 = range_weights(column_of_weights, params.first_output + 8u, params.second_count);
  }
  let normalized = (params.flags & GATE_NORMALIZED) != 0u;
  let vectors = params.width / 4u;
  let image_rows = params.height / 4u;
  let output = params.first_output + min(lane, params.count - 1u);
  let second_output = params.first_output + 8u + min(lane, params.second_count - 1u);
  let end = min(params.tile_rows, (group.x + 1u) * params.rows);
  for (var tile_row = group.x * params.rows; tile_row < end; tile_row++) {
    let image = tile_row / image_rows;
    let row = tile_row % image_rows * 4u;
    let at = strips(image * params.outputs + output, row);
    var left = Row();
    var middle = load(at, 0u);
    let second_at = strips(image * params.outputs + second_output, row);
    var second_left = Row();
    var second_middle = Strip();
    if (RANGES == 2u) {
      second_middle = load(second_at, 0u);
    }
    let plane = image * params.channels + column_of_weights;
    let coefficients = select(vec2f(1.0, 0.0), gate_affine[select(0u, plane, normalized)], normalized);
    var to = (plane * params.height + row) * vectors;
    for (var column = 1u; column <= vectors; column++) {
      let right = load(at, column);
      var sum = product(transform_input(left, middle, right), w0);
      left = last_column(middle);
      middle = right;
      if (RANGES == 2u) {
        let second_right = load(second_at, column);
        let more = product(transform_input(second_left, second_middle, second_right), w1);
        sum = Tile(sum[0] + more[0], sum[1] + more[1], sum[2] + more[2], sum[3] + more[3], sum[4] + more[4], sum[5] + more[5]);
        second_left = last_column(second_middle);
        second_middle = second_right;
      }
      let result = transform_output(sum);
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
