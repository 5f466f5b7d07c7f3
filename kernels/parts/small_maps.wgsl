// Part of the 3 x 3 convolutions over maps of SIDE x SIDE pixels, 4 or 2. A block is a map of 4 x 4, whose rows are the
// columns of a matrix, or four maps of 2 x 2, each a column. Neighbors outside a map are left out, not multiplied by 0.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn add_row(sum: vec4f, map: vec4f, taps: vec3f) -> vec4f {
  return vec4f(
    sum.x + taps.y * map.x + taps.z * map.y,
    sum.y + taps.x * map.x + taps.y * map.y + taps.z * map.z,
    sum.z + taps.x * map.y + taps.y * map.z + taps.z * map.w,
    sum.w + taps.x * map.z + taps.y * map.w,
  );
}

fn add_pixels(sum: vec4f, map: vec4f, taps: mat3x3f) -> vec4f {
  return vec4f(
    sum.x + taps[1].y * map.x + taps[1].z * map.y + taps[2].y * map.z + taps[2].z * map.w,
    sum.y + taps[1].x * map.x + taps[1].y * map.y + taps[2].x * map.z + taps[2].y * map.w,
    sum.z + taps[0].y * map.x + taps[0].z * map.y + taps[1].y * map.z + taps[1].z * map.w,
    sum.w + taps[0].x * map.x + taps[0].y * map.y + taps[1].x * map.z + taps[1].y * map.w,
  );
}

// A channel's part of a block of the result; the columns of `taps` are rows of the 3 x 3 weights.
fn add_channel(sum: mat4x4f, map: mat4x4f, taps: mat3x3f) -> mat4x4f {
  if (SIDE == 4u) {
    return mat4x4f(
      add_row(add_row(sum[0], map[0], taps[1]), map[1], taps[2]),
      add_row(add_row(add_row(sum[1], map[0], taps[0]), map[1], taps[1]), map[2], taps[2]),
      add_row(add_row(add_row(sum[2], map[1], taps[0]), map[2], taps[1]), map[3], taps[2]),
      add_row(add_row(sum[3], map[2], taps[0]), map[3], taps[1]),
    );
  }
  return mat4x4f(
    add_pixels(sum[0], map[0], taps),
    add_pixels(sum[1], map[1], taps),
    add_pixels(sum[2], map[2], taps),
    add_pixels(sum[3], map[3], taps),
  );
}

// The blocks of the two channels that a subgroup has loaded.
fn channel0(a: vec4f) -> mat4x4f {
  if (SIDE == 4u) {
    return mat4x4f(subgroupBroadcast(a, 0u), subgroupBroadcast(a, 1u), subgroupBroadcast(a, 2u), subgroupBroadcast(a, 3u));
  }
  return mat4x4f(subgroupBroadcast(a, 0u), subgroupBroadcast(a, 2u), subgroupBroadcast(a, 4u), subgroupBroadcast(a, 6u));
}

fn channel1(a: vec4f) -> mat4x4f {
  if (SIDE == 4u) {
    return mat4x4f(subgroupBroadcast(a, 4u), subgroupBroadcast(a, 5u), subgroupBroadcast(a, 6u), subgroupBroadcast(a, 7u));
  }
  return mat4x4f(subgroupBroadcast(a, 1u), subgroupBroadcast(a, 3u), subgroupBroadcast(a, 5u), subgroupBroadcast(a, 7u));
}
