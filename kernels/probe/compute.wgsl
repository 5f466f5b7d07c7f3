// Probe: does this adapter compute at all? out[i] = (2 i + 1) / 2, exact in float32.
// Layout: 64 values, one invocation each. Host: kernels/probe/probe.ts. Test: tests/host/diagnose_test.ts.

@group(0) @binding(0) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i: u32) {
  out[i] = f32(2u * i + 1u) * 0.5;
}
