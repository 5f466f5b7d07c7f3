// Part: value / divisor for values below 2^24, by a division of float32 and a correction: software adapters divide
// integers one invocation after the other.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
fn quotient(value: u32, divisor: u32) -> u32 {
  let guess = u32(f32(value) / f32(divisor));
  let low = guess - select(0u, 1u, guess * divisor > value);
  return low + select(0u, 1u, value - low * divisor >= divisor);
}
