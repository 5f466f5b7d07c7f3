// winograd4_input.wgsl for software adapters with subgroups of exactly 8, the same bits. Their time goes into loads and
// stores, and into code that leaves the instruction cache: each invocation loads its own columns only and gets those of
// its neighbors by shuffles, and two neighboring tiles exchange values so that each stores pairs.
// Layout: x NCHW, width a multiple of 4; v[36][depth][padded_tiles].
// Work: one invocation per patch and channel, a subgroup per 8 tiles; padding tiles become zeros.
// Parts: quotient.wgsl, relu.wgsl, winograd_params.wgsl.
// Host: kernels/conv2d/winograd.ts. Test: tests/kernels/conv2d_test.ts.
const WORKGROUP: u32 = 256u; // a workgroup costs a software adapter as much as 40 loads
const NORMALIZED: bool = false; // x is read as max(0, scale * x + shift), per image and channel

// Storage types: kernels/storage.ts may replace them with float16; arithmetic is float32.
alias X = vec4f;

@group(0) @binding(0) var<storage, read> x: array<X>;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec2f>;
@group(0) @binding(3) var<uniform> params: Params;

alias Row = mat2x3f; // six values

// Where a tile lies: first row of its patch, which may be outside, vectors before its plane, and its column.
struct Place {
  y: i32,
  plane: u32,
  column: u32,
  coefficients: vec2f,
}

// A row of the patch; `before` and `after` belong to the first and the last invocation of the subgroup.
fn load_row(place: Place, i: i32, before: f32, after: f32, lane: u32) -> Row {
  let vectors = params.width / 4u;
  let y = place.y + i;
  let inside = y >= 0 && y < i32(params.height);
  let middle = vec4f(x[place.plane + select(0u, u32(y), inside) * vectors + place.column]);
  let left = select(subgroupShuffleUp(middle.w, 1u), before, lane == 0u);
  let right = select(subgroupShuffleDown(middle.x, 1u), after, lane == 7u);
  var low = vec3f(left, middle.xy);
  var high = vec3f(middle.zw, right);
  if (NORMALIZED) {
    low = relu_vec3(low * place.coefficients.x + place.coefficients.y);
    high = relu_vec3(high * place.coefficients.x + place.coefficients.y);
  }
  low = select(vec3f(), low, vec3(inside && place.column > 0u, inside, inside));
  high = select(vec3f(), high, vec3(inside, inside, inside && place.column + 1u < vectors));
  return Row(low, high);
}

// Vectors before row `i` of the patch, at the nearest row of the map.
fn row_of(y: i32, plane: u32, i: u32) -> u32 {
  return plane + u32(clamp(y + i32(i), 0, i32(params.height) - 1)) * (params.width / 4u);
}

// This tile's two values, in even invocations the first with the next tile's, in odd ones the second with the last one's.
fn pair(first: f32, second: f32, odd: bool) -> vec2f {
  let received = subgroupShuffleXor(select(second, first, odd), 1u);
  return select(vec2f(first, received), vec2f(received, second), odd);
}

struct Pairs {
  a: vec2f,
  b: vec2f,
  c: vec2f,
}

// B^T applied to a row.
fn transform(row: Row, odd: bool) -> Pairs {
  let even_part = row[1].y - 4.0 * row[0].z;
  let odd_part = row[1].x - 4.0 * row[0].y;
  let near = row[1].y - row[0].z;
  let far = 2.0 * (row[1].x - row[0].y);
  return Pairs(
    pair(4.0 * row[0].x - 5.0 * row[0].z + row[1].y, even_part + odd_part, odd),
    pair(even_part - odd_part, near + far, odd),
    pair(near - far, 4.0 * row[0].y - 5.0 * row[1].x + row[1].z, odd),
  );
}

fn store(at: u32, step: u32, pairs: Pairs) {
  v[at] = pairs.a;
  v[at + step] = pairs.b;
  v[at + 2u * step] = pairs.c;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let item = (group.y * groups.x + group.x) * WORKGROUP + index;
  let lane = index % 8u;
  let odd = index % 2u == 1u;
  // Past the end, tiles are loaded but not stored: shuffles need every invocation.
  let channel = min(quotient(item, params.padded_tiles), params.count - 1u);
  let tile = min(item - channel * params.padded_tiles, params.padded_tiles - 8u + lane);
  let image_tiles = params.tile_rows * params.tile_columns;
  let counted = params.first_tile + min(tile, params.tiles - 1u);
  let image = quotient(counted, image_tiles);
  let row = quotient(counted - image * image_tiles, params.tile_columns);
  let column = counted - image * image_tiles - row * params.tile_columns;
  let map = image * params.channels + params.skipped + channel;
  let plane = map * params.height * (params.width / 4u);
  var coefficients = vec2f();
  if (NORMALIZED) {
    coefficients = affine[map];
  }
  let y = i32(row * 4u) - 1;
  // Invocation i loads what the first and the last one need of row i beyond the columns of the subgroup.
  let first = max(subgroupBroadcast(column, 0u), 1u) - 1u;
  let before = vec4f(x[row_of(subgroupBroadcast(y, 0u), subgroupBroadcast(plane, 0u), min(lane, 5u)) + first]).w;
  let last = min(subgroupBroadcast(column, 7u) + 1u, params.width / 4u - 1u);
  let after = vec4f(x[row_of(subgroupBroadcast(y, 7u), subgroupBroadcast(plane, 7u), min(lane, 5u)) + last]).x;
  // All rows of a padding tile are outside.
  let place = Place(select(y, i32(params.height), tile >= params.tiles), plane, column, coefficients);
  let d0 = load_row(place, 0, subgroupBroadcast(before, 0u), subgroupBroadcast(after, 0u), lane);
  let d1 = load_row(place, 1, subgroupBroadcast(before, 1u), subgroupBroadcast(after, 1u), lane);
  let d2 = load_row(place, 2, subgroupBroadcast(before, 2u), subgroupBroadcast(after, 2u), lane);
  let d3 = load_row(place, 3, subgroupBroadcast(before, 3u), subgroupBroadcast(after, 3u), lane);
  let d4 = load_row(place, 4, subgroupBroadcast(before, 4u), subgroupBroadcast(after, 4u), lane);
  let d5 = load_row(place, 5, subgroupBroadcast(before, 5u), subgroupBroadcast(after, 5u), lane);
  let even_part = d4 - 4.0 * d2;
  let odd_part = d3 - 4.0 * d1;
  let near = d4 - d2;
  let far = 2.0 * (d3 - d1);
  let r0 = transform(4.0 * d0 - 5.0 * d2 + d4, odd);
  let r1 = transform(even_part + odd_part, odd);
  let r2 = transform(even_part - odd_part, odd);
  let r3 = transform(near + far, odd);
  let r4 = transform(near - far, odd);
  let r5 = transform(4.0 * d1 - 5.0 * d3 + d5, odd);
  if (item < params.count * params.padded_tiles) {
    let step = params.depth * params.padded_tiles;
    let pair_of_tiles = ((params.first_channel + channel) * params.padded_tiles + tile) / 2u;
    let at = pair_of_tiles + select(0u, step / 2u, odd);
    store(at, step, r0);
    store(at + 3u * step, step, r1);
    store(at + 6u * step, step, r2);
    store(at + 9u * step, step, r3);
    store(at + 12u * step, step, r4);
    store(at + 15u * step, step, r5);
  }
}
