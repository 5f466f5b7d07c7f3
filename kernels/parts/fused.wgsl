// Part of conv2d/fused_*.wgsl: Winograd F(4x4, 3x3) in registers, as in Lavin and Gray, Fast Algorithms for
// Convolutional Neural Networks, 2015. A subgroup of 8 works on one tile of 8 channels at a time, an invocation on one
// channel of it.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
alias Row = mat2x3f; // six values
alias Tile = array<Row, 6>;
alias Strip = array<vec4f, 6>; // four columns of the six rows that a row of tiles reads

// Where the strips of a row of tiles lie in a plane, and which rows around it exist.
struct Strips {
  start: u32,
  above: bool,
  below: bool,
}

fn strips(plane: u32, row: u32) -> Strips {
  return Strips((plane * params.height + row) * (params.width / 4u), row > 0u, row + 4u < params.height);
}

// The vectors of a strip; those of rows that do not exist lie in others.
fn vectors_of(at: Strips, column: u32) -> array<u32, 6> {
  let vectors = params.width / 4u;
  let start = at.start + min(column, vectors - 1u);
  return array<u32, 6>(
    start - select(0u, vectors, at.above),
    start,
    start + vectors,
    start + 2u * vectors,
    start + 3u * vectors,
    start + select(3u, 4u, at.below) * vectors,
  );
}

// A strip with zeros outside of the map.
fn padded(at: Strips, column: u32, strip: Strip) -> Strip {
  let inside = column < params.width / 4u;
  return Strip(
    select(vec4f(), strip[0], at.above && inside),
    select(vec4f(), strip[1], inside),
    select(vec4f(), strip[2], inside),
    select(vec4f(), strip[3], inside),
    select(vec4f(), strip[4], inside),
    select(vec4f(), strip[5], at.below && inside),
  );
}

// max(0, scale * strip + shift)
fn normalized(strip: Strip, coefficients: vec2f) -> Strip {
  return Strip(
    relu_vec4(strip[0] * coefficients.x + coefficients.y),
    relu_vec4(strip[1] * coefficients.x + coefficients.y),
    relu_vec4(strip[2] * coefficients.x + coefficients.y),
    relu_vec4(strip[3] * coefficients.x + coefficients.y),
    relu_vec4(strip[4] * coefficients.x + coefficients.y),
    relu_vec4(strip[5] * coefficients.x + coefficients.y),
  );
}

fn last_column(strip: Strip) -> Row {
  return Row(strip[0].w, strip[1].w, strip[2].w, strip[3].w, strip[4].w, strip[5].w);
}

fn transpose6(r: Tile) -> Tile {
  let top_left = transpose(mat3x3f(r[0][0], r[1][0], r[2][0]));
  let top_right = transpose(mat3x3f(r[3][0], r[4][0], r[5][0]));
  let low_left = transpose(mat3x3f(r[0][1], r[1][1], r[2][1]));
  let low_right = transpose(mat3x3f(r[3][1], r[4][1], r[5][1]));
  return Tile(
    Row(top_left[0], top_right[0]),
    Row(top_left[1], top_right[1]),
    Row(top_left[2], top_right[2]),
    Row(low_left[0], low_right[0]),
    Row(low_left[1], low_right[1]),
    Row(low_left[2], low_right[2]),
  );
}

fn combine(d: Tile) -> Tile {
  let even = d[4] - 4.0 * d[2];
  let odd = d[3] - 4.0 * d[1];
  let near = d[4] - d[2];
  let far = 2.0 * (d[3] - d[1]);
  return Tile(
    4.0 * d[0] - 5.0 * d[2] + d[4],
    even + odd,
    even - odd,
    near + far,
    near - far,
    4.0 * d[1] - 5.0 * d[3] + d[5],
  );
}

// B^T d B of the tile whose outputs lie in the strip `middle`; `left` is the column before it.
fn transform_input(left: Row, middle: Strip, right: Strip) -> Tile {
  let top = transpose(mat3x4f(middle[0], middle[1], middle[2]));
  let low = transpose(mat3x4f(middle[3], middle[4], middle[5]));
  return combine(transpose6(combine(Tile(
    left,
    Row(top[0], low[0]),
    Row(top[1], low[1]),
    Row(top[2], low[2]),
    Row(top[3], low[3]),
    Row(right[0].x, right[1].x, right[2].x, right[3].x, right[4].x, right[5].x),
  ))));
}
