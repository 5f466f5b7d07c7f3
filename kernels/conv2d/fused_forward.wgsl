// 3 x 3 convolution, zero padding 1, of at most 8 channels of a tensor, by Winograd F(4x4, 3x3) without intermediate
// results in memory: for software adapters, to which a load costs ten multiply-adds and a broadcast within a subgroup of
// 8 next to nothing. y[n, o, i, j] = sum over c, p, q of w[o, c, p, q] * x[n, c, i + p - 1, j + q - 1]; more channels, and
// those of another tensor (a skip), are added by another dispatch: 16 at a time were slower.
// Layout: x and y NCHW, height and width multiples of 4; w OIHW.
// Work: one subgroup per `rows` rows of 4 x 4 tiles, and 8 outputs; workgroups.y counts these. An invocation transforms
// the tiles of one channel and sums up those of one output; the transformed weights of its output stay in registers.
// Parts: fused.wgsl, fused_product.wgsl, epilogue.wgsl, relu.wgsl.
// Host: kernels/conv2d/fused.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 8u; // one subgroup
const CHANNELS: u32 = 8u; // or 4: no more are summed over
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel
const ADDS: bool = false; // adds to the existing y

struct Params {
  height: u32,
  width: u32,
  tile_rows: u32,   // of all images
  rows: u32,        // of tiles per workgroup
  channels: u32,    // of x
  first: u32,       // the first that is summed over
  count: u32,       // how many are
  first_input: u32, // where these begin among the inputs of the weights
  inputs: u32,      // of the weights
  outputs: u32,
  flags: u32,       // of epilogue.wgsl
}

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;
alias Y = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Y>;
@group(0) @binding(5) var<uniform> params: Params;

fn load(at: Strips, column: u32, coefficients: vec2f) -> Strip {
  let v = vectors_of(at, column);
  var strip = Strip(vec4f(x[v[0]]), vec4f(x[v[1]]), vec4f(x[v[2]]), vec4f(x[v[3]]), vec4f(x[v[4]]), vec4f(x[v[5]]));
  if (NORMALIZED) {
    strip = normalized(strip, coefficients);
  }
  return padded(at, column, strip);
}

fn weights(output: u32, channel: u32) -> Tile {
  let used = channel < params.count;
  let at = (output * params.inputs + params.first_input + min(channel, params.count - 1u)) * 9u;
  return transform_weights(mat3x3f(
    select(vec3f(), vec3f(w[at], w[at + 1u], w[at + 2u]), used),
    select(vec3f(), vec3f(w[at + 3u], w[at + 4u], w[at + 5u]), used),
    select(vec3f(), vec3f(w[at + 6u], w[at + 7u], w[at + 8u]), used),
  ));
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
  let w_of = array<Tile, 8>(
    weights(row_of_weights, 0u),
    weights(row_of_weights, 1u),
    weights(row_of_weights, 2u),
    weights(row_of_weights, 3u),
    weights(row_of_weights, 4u),
    weights(row_of_weights, 5u),
    weights(row_of_weights, 6u),
    weights(row_of_weights, 7u),
  );
  let offset = select(0.0, bias[row_of_weights], (params.flags & BIAS) != 0u);
  let vectors = params.width / 4u;
  let image_rows = params.height / 4u;
  let channel = params.first + min(lane, params.count - 1u);
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
    var to = ((image * params.outputs + output) * params.height + row) * vectors;
    for (var column = 1u; column <= vectors; column++) {
      let right = load(at, column, coefficients);
      let result = transform_output(product(transform_input(left, middle, right), w_of));
      left = last_column(middle);
      middle = right;
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
