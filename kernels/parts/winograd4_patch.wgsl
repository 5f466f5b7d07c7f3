// Part of both forms of Winograd's F(4x4, 3x3) input transform: patches, and B^T applied to six rows.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
alias Row = mat2x3f; // six values

fn combine(d: array<Row, 6>) -> array<Row, 6> {
  let even = d[4] - 4.0 * d[2];
  let odd = d[3] - 4.0 * d[1];
  let near = d[4] - d[2];
  let far = 2.0 * (d[3] - d[1]);
  return array<Row, 6>(
    4.0 * d[0] - 5.0 * d[2] + d[4],
    even + odd,
    even - odd,
    near + far,
    near - far,
    4.0 * d[1] - 5.0 * d[3] + d[5],
  );
}

fn load_row(plane: u32, y: i32, column: u32, coefficients: vec2f) -> Row {
  let vectors = params.width / 4u;
  let inside = y >= 0 && y < i32(params.height);
  let row = plane + select(0u, u32(y), inside) * vectors;
  let left = f32(x[row + max(column, 1u) - 1u].w);
  let middle = vec4f(x[row + column]);
  let right = f32(x[row + min(column + 1u, vectors - 1u)].x);
  var low = vec3f(left, middle.xy);
  var high = vec3f(middle.zw, right);
  if (NORMALIZED) {
    low = relu_vec3(low * coefficients.x + coefficients.y);
    high = relu_vec3(high * coefficients.x + coefficients.y);
  }
  low = select(vec3f(), low, vec3(inside && column > 0u, inside, inside));
  high = select(vec3f(), high, vec3(inside, inside, inside && column + 1u < vectors));
  return Row(low, high);
}

// B^T d for the patch of a tile; zeros for a padding tile.
fn load_patch(tile: u32, channel: u32) -> array<Row, 6> {
  var d: array<Row, 6>;
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
    d = array<Row, 6>(
      load_row(plane, y, column, coefficients),
      load_row(plane, y + 1, column, coefficients),
      load_row(plane, y + 2, column, coefficients),
      load_row(plane, y + 3, column, coefficients),
      load_row(plane, y + 4, column, coefficients),
      load_row(plane, y + 5, column, coefficients),
    );
  }
  return combine(d);
}
