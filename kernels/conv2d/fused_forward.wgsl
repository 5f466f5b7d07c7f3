// 3 x 3 convolution, zero padding 1, of 16 channels at most, by Winograd F(4x4, 3x3) without intermediate results in
// memory: for software adapters, to which a load costs ten multiply-adds and a broadcast within a subgroup of 8 next to
// nothing. y[n, o, i, j] = sum over c, p, q of w[o, c, p, q] * x[n, c, i + p - 1, j + q - 1], with c over two ranges of
// at most 8 channels: of one tensor, or of two that are read as one (a skip).
// Layout: x, second and y NCHW, height and width multiples of 4; w OIHW.
// Work: one subgroup per `rows` rows of 4 x 4 tiles, and 8 outputs; workgroups.y counts these. An invocation transforms
// the tiles of one channel and sums up those of one output; the transformed weights of its output stay in registers.
// Parts: fused.wgsl, fused_product.wgsl, epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/fused.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup
const CHANNELS: u32 = 8u; // 4 if no range has more channels
const RANGES: u32 = 2u; // or 1: only the first
const SECOND: bool = false; // the second range is one of the second tensor
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel
const SECOND_NORMALIZED: bool = false; // so is the tensor of the second range
const ADDS: bool = false; // adds to the existing y

struct Params {
  height: u32,
  width: u32,
  tile_rows: u32,       // of all images
  rows: u32,            // of tiles per workgroup
  channels: u32,        // of x
  first: u32,           // first range: its first channel in x,
  count: u32,           // its channels,
  first_input: u32,     // and its first channel among those of the weights
  second_channels: u32, // of the tensor that the second range belongs to
  second_first: u32,
  second_count: u32,
  second_input: u32,
  inputs: u32,          // of the weights
  outputs: u32,
  flags: u32,           // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Second = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> second: array<Second>;
@group(0) @binding(3) var<storage, read> second_affine: array<vec2f>;
@group(0) @binding(4) var<storage, read> w: array<f32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<Y>;
@group(0) @binding(7) var<uniform> params: Params;

fn load(at: Strips, column: u32, coefficients: vec2f) -> Strip {
  let v = vectors_of(at, column);
  var strip = Strip(vec4f(x[v[0]]), vec4f(x[v[1]]), vec4f(x[v[2]]), vec4f(x[v[3]]), vec4f(x[v[4]]), vec4f(x[v[5]]));
  if (NORMALIZED) {
    strip = normalized(strip, coefficients);
  }
  return padded(at, column, strip);
}

fn load_second(at: Strips, column: u32, coefficients: vec2f) -> Strip {
  let v = vectors_of(at, column);
  var strip: Strip;
  if (SECOND) {
    strip = Strip(vec4f(second[v[0]]), vec4f(second[v[1]]), vec4f(second[v[2]]), vec4f(second[v[3]]), vec4f(second[v[4]]), vec4f(second[v[5]]));
  } else {
    strip = Strip(vec4f(x[v[0]]), vec4f(x[v[1]]), vec4f(x[v[2]]), vec4f(x[v[3]]), vec4f(x[v[4]]), vec4f(x[v[5]]));
  }
  if (SECOND_NORMALIZED) {
    strip = normalized(strip, coefficients);
  }
  return padded(at, column, strip);
}

fn weights(output: u32, input: u32, used: bool) -> Tile {
  let at = (output * params.inputs + input) * 9u;
  return transform_weights(mat3x3f(
    select(vec3f(), vec3f(w[at], w[at + 1u], w[at + 2u]), used),
    select(vec3f(), vec3f(w[at + 3u], w[at + 4u], w[at + 5u]), used),
    select(vec3f(), vec3f(w[at + 6u], w[at + 7u], w[at + 8u]), used),
  ));
}

fn range_weights(output: u32, first: u32, count: u32) -> array<Tile, 8> {
  return array<Tile, 8>(
    weights(output, first + min(0u, count - 1u), 0u < count),
    weights(output, first + min(1u, count - 1u), 1u < count),
    weights(output, first + min(2u, count - 1u), 2u < count),
    weights(output, first + min(3u, count - 1u), 3u < count),
    weights(output, first + min(4u, count - 1u), 4u < count),
    weights(output, first + min(5u, count - 1u), 5u < count),
    weights(output, first + min(6u, count - 1u), 6u < count),
    weights(output, first + min(7u, count - 1u), 7u < count),
  );
}

fn finish(value: vec4f, at: u32, offset: f32) -> Y {
  var result = value + offset;
  if (ADDS) {
    result += vec4f(y[at]);
  }
  if ((params.flags & RELU) != 0u) {
    result = relu_vec4(result);
  }
  return Y(result);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let output = group.y * 8u + lane;
  let row_of_weights = min(output, params.outputs - 1u);
  let w0 = range_weights(row_of_weights, params.first_input, params.count);
  var w1: array<Tile, 8>;
  if (RANGES == 2u) {
    w1 = range_weights(row_of_weights, params.second_input, params.second_count);
  }
  let offset = select(0.0, bias[row_of_weights], (params.flags & BIAS) != 0u);
  let vectors = params.width / 4u;
  let image_rows = params.height / 4u;
  let channel = params.first + min(lane, params.count - 1u);
  let second_channel = params.second_first + min(lane, params.second_count - 1u);
  let end = min(params.tile_rows, (group.x + 1u) * params.rows);
  for (var tile_row = group.x * params.rows; tile_row < end; tile_row++) {
    let image = tile_row / image_rows;
    let row = tile_row % image_rows * 4u;
    let plane = image * params.channels + channel;
    let at = strips(plane, row);
    var coefficients = vec2f();
    if (NORMALIZED) {
      coefficients = affine[plane];
    }
    var left = Row();
    var middle = load(at, 0u, coefficients);
    let second_plane = image * params.second_channels + second_channel;
    let second_at = strips(second_plane, row);
    var second_coefficients = vec2f();
    if (SECOND_NORMALIZED) {
      second_coefficients = second_affine[second_plane];
    }
    var second_left = Row();
    var second_middle = Strip();
    if (RANGES == 2u) {
      second_middle = load_second(second_at, 0u, second_coefficients);
    }
    var to = ((image * params.outputs + output) * params.height + row) * vectors;
    for (var column = 1u; column <= vectors; column++) {
      let right = load(at, column, coefficients);
      var sum = product(transform_input(left, middle, right), w0);
      left = last_column(middle);
      middle = right;
      if (RANGES == 2u) {
        let second_right = load_second(second_at, column, second_coefficients);
        let more = product(transform_input(second_left, second_middle, second_right), w1);
        sum = Tile(sum[0] + more[0], sum[1] + more[1], sum[2] + more[2], sum[3] + more[3], sum[4] + more[4], sum[5] + more[5]);
        second_left = last_column(second_middle);
        second_middle = second_right;
      }
      let result = transform_output(sum);
      // Broadcasts need every invocation; only stores may be skipped.
      if (output < params.outputs) {
        y[to] = finish(result[0], to, offset);
        y[to + vectors] = finish(result[1], to + vectors, offset);
        y[to + 2u * vectors] = finish(result[2], to + 2u * vectors, offset);
        y[to + 3u * vectors] = finish(result[3], to + 3u * vectors, offset);
      }
      to++;
    }
  }
}
