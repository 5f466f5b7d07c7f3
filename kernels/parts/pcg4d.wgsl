// Part: random draws as a pure function of a key, pcg4d of Jarzynski and Olano, Hash Functions for GPU Rendering, 2020.
// With seed and step in the key, a resumed run repeats the draws of an uninterrupted one.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn pcg4d(key: vec4u) -> vec4u {
  var v = key * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}
