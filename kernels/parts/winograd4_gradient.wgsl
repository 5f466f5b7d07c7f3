// Part of both forms of Winograd's F(4x4, 3x3) transform of gradients: tiles, and A applied to four rows.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn combine(r: mat4x4f) -> array<vec4f, 6> {
  let even = r[0] + r[2];
  let odd = r[1] + r[3];
  let wide_even = r[0] + 4.0 * r[2];
  let wide_odd = 2.0 * r[1] + 8.0 * r[3];
  return array<vec4f, 6>(r[0], even + odd, even - odd, wide_even + wide_odd, wide_even - wide_odd, r[3]);
}

// A g for a tile; zeros for a padding tile.
fn load_tile(tile: u32, channel: u32) -> array<vec4f, 6> {
  var r = mat4x4f();
  if (tile < params.tiles) {
    let image_tiles = params.tile_rows * params.tile_columns;
    let index = params.first_tile + tile;
    let image = index / image_tiles;
    let row = (index % image_tiles) / params.tile_columns;
    let column = index % params.tile_columns;
    let vectors = params.width / 4u;
    let start = ((image * params.channels + params.skipped + channel) * params.height + row * 4u) * vectors + column;
    r = mat4x4f(
      vec4f(gradient[start]),
      vec4f(gradient[start + vectors]),
      vec4f(gradient[start + 2u * vectors]),
      vec4f(gradient[start + 3u * vectors]),
    );
  }
  return combine(r);
}
