// Probe: how many float32 multiply-adds per second does this adapter do? Registers only, with 12 independent chains per
// invocation, so that none waits for itself. c = c / 2 + x converges to 2 x from any start: so out[i], which must not
// be 0 (chains would decay into slow subnormals), keeps its value, and does so only if the work was done.
// Layout: one value per invocation. Host: kernels/probe/multiply_add.ts. Test: tests/kernels/multiply_add_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  rounds: u32, // of 8 x 12 multiply-adds
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let y = vec4f(0.5);
  let x = vec4f(out[id.x]) + vec4f(0.0, 1.0, 2.0, 3.0);
  var c0 = x;
  var c1 = x + 4.0;
  var c2 = x + 8.0;
  for (var round = 0u; round < params.rounds; round++) {
    // Unrolled: counting a loop would take as long as one turn.
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
    c0 = fma(c0, y, x);
    c1 = fma(c1, y, x);
    c2 = fma(c2, y, x);
  }
  // Three chains of 2 x each: 6 (4 out + 6) in total.
  out[id.x] = (dot(c0 + c1 + c2, vec4f(1.0)) - 36.0) / 24.0;
}
