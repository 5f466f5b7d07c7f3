// winograd4_input.wgsl for pairs of neighboring results, the same bits: software adapters store two values as one word
// of 64 bits.
// Layout: x NCHW, width a multiple of 4; v[36][depth][padded_tiles], or v[36][padded_tiles][depth].
// Work: one invocation per two patches of a channel or two channels of a patch; padding tiles become zeros.
// Parts: relu.wgsl, winograd4_patch.wgsl, winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 64u;
const CHANNELS_INNER: bool = false; // v[36][padded_tiles][depth]; then channels, first_channel and depth are even
const JOINED: bool = false; // pairs of tiles lie in one row of tiles, so that neighbors share what they load
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec2f>;
@group(0) @binding(3) var<uniform> params: Params;

struct Patches {
  first: array<Row, 6>,
  second: array<Row, 6>,
}

struct Rows {
  first: Row,
  second: Row,
}

fn load_rows(plane: u32, y: i32, column: u32, coefficients: vec2f) -> Rows {
  let vectors = params.width / 4u;
  let inside = y >= 0 && y < i32(params.height);
  let row = plane + select(0u, u32(y), inside) * vectors;
  let left = f32(x[row + max(column, 1u) - 1u].w);
  let first = vec4f(x[row + column]);
  let second = vec4f(x[row + column + 1u]);
  let right = f32(x[row + min(column + 2u, vectors - 1u)].x);
  var d = mat4x3f(
    vec3f(left, first.xy),
    vec3f(first.zw, second.x),
    vec3f(first.w, second.xy),
    vec3f(second.zw, right),
  );
  if (NORMALIZED) {
    d[0] = relu_vec3(d[0] * coefficients.x + coefficients.y);
    d[1] = relu_vec3(d[1] * coefficients.x + coefficients.y);
    d[2] = relu_vec3(d[2] * coefficients.x + coefficients.y);
    d[3] = relu_vec3(d[3] * coefficients.x + coefficients.y);
  }
  let low = select(vec3f(), d[0], vec3(inside && column > 0u, inside, inside));
  let high = select(vec3f(), d[3], vec3(inside, inside, inside && column + 2u < vectors));
  return Rows(
    Row(low, select(vec3f(), d[1], vec3(inside))),
    Row(select(vec3f(), d[2], vec3(inside)), high),
  );
}

// Two patches of one row of tiles.
fn load_patches(tile: u32, channel: u32) -> Patches {
  var result: Patches;
  if (tile < params.tiles) {
    let image_tiles = params.tile_rows * params.tile_columns;
    let index = params.first_tile + tile;
    let image = index / image_tiles;
    let row = (index % image_tiles) / params.tile_columns;
    let column = index % params.tile_columns;
    let plane = (image * params.channels + params.skipped + channel) * params.height * (params.width / 4u);
    var coefficients = vec2f();
    if (NORMALIZED) {
      coefficients = affine[image * params.channels + params.skipped + channel];
    }
    let y = i32(row * 4u) - 1;
    let r0 = load_rows(plane, y, column, coefficients);
    let r1 = load_rows(plane, y + 1, column, coefficients);
    let r2 = load_rows(plane, y + 2, column, coefficients);
    let r3 = load_rows(plane, y + 3, column, coefficients);
    let r4 = load_rows(plane, y + 4, column, coefficients);
    let r5 = load_rows(plane, y + 5, column, coefficients);
    result = Patches(
      combine(array<Row, 6>(r0.first, r1.first, r2.first, r3.first, r4.first, r5.first)),
      combine(array<Row, 6>(r0.second, r1.second, r2.second, r3.second, r4.second, r5.second)),
    );
  }
  return result;
}

fn store_row(at: u32, step: u32, first: Row, second: Row) {
  let d0 = vec2f(first[0].x, second[0].x);
  let d1 = vec2f(first[0].y, second[0].y);
  let d2 = vec2f(first[0].z, second[0].z);
  let d3 = vec2f(first[1].x, second[1].x);
  let d4 = vec2f(first[1].y, second[1].y);
  let d5 = vec2f(first[1].z, second[1].z);
  let even = d4 - 4.0 * d2;
  let odd = d3 - 4.0 * d1;
  let near = d4 - d2;
  let far = 2.0 * (d3 - d1);
  v[at] = 4.0 * d0 - 5.0 * d2 + d4;
  v[at + step] = even + odd;
  v[at + 2u * step] = even - odd;
  v[at + 3u * step] = near + far;
  v[at + 4u * step] = near - far;
  v[at + 5u * step] = 4.0 * d1 - 5.0 * d3 + d5;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let outer = group.z * groups.y + group.y; // see planeGrid in kernels/grid.ts
  // A workgroup runs along the inner dimension of the result.
  var tile = (group.x * WORKGROUP + lane) * 2u;
  var channel = outer;
  var next_tile = tile + 1u;
  var next_channel = channel;
  var at = (params.first_channel + channel) * params.padded_tiles + tile;
  if (CHANNELS_INNER) {
    tile = outer;
    next_tile = tile;
    channel = (group.x * WORKGROUP + lane) * 2u;
    next_channel = channel + 1u;
    at = tile * params.depth + params.first_channel + channel;
  }
  if (tile >= params.padded_tiles || channel >= params.count) {
    return;
  }
  at /= 2u;
  let step = params.depth * params.padded_tiles / 2u;
  var d: array<Row, 6>;
  var e: array<Row, 6>;
  if (JOINED) {
    let patches = load_patches(tile, channel);
    d = patches.first;
    e = patches.second;
  } else {
    d = load_patch(tile, channel);
    e = load_patch(next_tile, next_channel);
  }
  store_row(at, step, d[0], e[0]);
  store_row(at + 6u * step, step, d[1], e[1]);
  store_row(at + 12u * step, step, d[2], e[2]);
  store_row(at + 18u * step, step, d[3], e[3]);
  store_row(at + 24u * step, step, d[4], e[4]);
  store_row(at + 30u * step, step, d[5], e[5]);
}
