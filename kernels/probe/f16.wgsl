// Probe: does float16 arithmetic run? out[i] = (2 i + 1) / 2 in float16, which is exact: WGSL lets an implementation
// compute more precisely than the type, so only exact values prove anything.
// Layout: 64 values, one invocation each. Host: kernels/probe/probe.ts. Test: tests/host/diagnose_test.ts.
enable f16;

@group(0) @binding(0) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i: u32) {
  out[i] = f32((f16(2.0) * f16(i) + f16(1.0)) * f16(0.5));
}
