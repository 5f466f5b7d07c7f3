// Probe: do subgroups add? out[i] = number of invocations in this one's subgroup, counted by subgroupAdd.
// Layout: 64 values, one invocation each. Host: kernels/probe/probe.ts. Test: tests/host/diagnose_test.ts.

@group(0) @binding(0) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) i: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  // Every lane adds its own number, so that a sum over too few or too many lanes cannot pass.
  let numbers = subgroupAdd(lane);
  out[i] = select(0.0, f32(size), numbers == size * (size - 1u) / 2u);
}
