// Part of conv2d/fused_forward.wgsl and fused_dgrad.wgsl: weights and products of tiles, see fused.wgsl.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn spread(g: vec3f) -> Row {
  let sum = (g.x + g.z) / 6.0;
  let wide = g.x / 24.0 + g.z / 6.0;
  return Row(g.x / 4.0, -sum - g.y / 6.0, g.y / 6.0 - sum, wide + g.y / 12.0, wide - g.y / 12.0, g.z);
}

// G g G^T
fn transform_weights(g: mat3x3f) -> Tile {
  let sum = (g[0] + g[2]) / 6.0;
  let wide = g[0] / 24.0 + g[2] / 6.0;
  return Tile(
    spread(g[0] / 4.0),
    spread(-sum - g[1] / 6.0),
    spread(g[1] / 6.0 - sum),
    spread(wide + g[1] / 12.0),
    spread(wide - g[1] / 12.0),
    spread(g[2]),
  );
}

// A sum over channels: each invocation holds v of one channel, and w of all channels for one output.
fn share(v: vec3f, w0: vec3f, w1: vec3f, w2: vec3f, w3: vec3f, w4: vec3f, w5: vec3f, w6: vec3f, w7: vec3f) -> vec3f {
  var sum = subgroupBroadcast(v, 0u) * w0 + subgroupBroadcast(v, 1u) * w1 +
    subgroupBroadcast(v, 2u) * w2 + subgroupBroadcast(v, 3u) * w3;
  if (CHANNELS == 8u) {
    sum += subgroupBroadcast(v, 4u) * w4 + subgroupBroadcast(v, 5u) * w5 +
      subgroupBroadcast(v, 6u) * w6 + subgroupBroadcast(v, 7u) * w7;
  }
  return sum;
}

fn share_row(v: Row, w0: Row, w1: Row, w2: Row, w3: Row, w4: Row, w5: Row, w6: Row, w7: Row) -> Row {
  return Row(
    share(v[0], w0[0], w1[0], w2[0], w3[0], w4[0], w5[0], w6[0], w7[0]),
    share(v[1], w0[1], w1[1], w2[1], w3[1], w4[1], w5[1], w6[1], w7[1]),
  );
}

fn product(v: Tile, w: array<Tile, 8>) -> Tile {
  return Tile(
    share_row(v[0], w[0][0], w[1][0], w[2][0], w[3][0], w[4][0], w[5][0], w[6][0], w[7][0]),
    share_row(v[1], w[0][1], w[1][1], w[2][1], w[3][1], w[4][1], w[5][1], w[6][1], w[7][1]),
    share_row(v[2], w[0][2], w[1][2], w[2][2], w[3][2], w[4][2], w[5][2], w[6][2], w[7][2]),
    share_row(v[3], w[0][3], w[1][3], w[2][3], w[3][3], w[4][3], w[5][3], w[6][3], w[7][3]),
    share_row(v[4], w[0][4], w[1][4], w[2][4], w[3][4], w[4][4], w[5][4], w[6][4], w[7][4]),
    share_row(v[5], w[0][5], w[1][5], w[2][5], w[3][5], w[4][5], w[5][5], w[6][5], w[7][5]),
  );
}

fn narrow(r: Row) -> vec4f {
  let near_sum = r[0].y + r[0].z;
  let near_difference = r[0].y - r[0].z;
  let far_sum = r[1].x + r[1].y;
  let far_difference = r[1].x - r[1].y;
  return vec4f(
    r[0].x + near_sum + far_sum,
    near_difference + 2.0 * far_difference,
    near_sum + 4.0 * far_sum,
    near_difference + 8.0 * far_difference + r[1].z,
  );
}

// A^T r A: the rows of outputs.
fn transform_output(r: Tile) -> mat4x4f {
  let near_sum = r[1] + r[2];
  let near_difference = r[1] - r[2];
  let far_sum = r[3] + r[4];
  let far_difference = r[3] - r[4];
  return mat4x4f(
    narrow(r[0] + near_sum + far_sum),
    narrow(near_difference + 2.0 * far_difference),
    narrow(near_sum + 4.0 * far_sum),
    narrow(near_difference + 8.0 * far_difference + r[5]),
  );
}
