// Factor for gradient clipping by norm: scale = min(1, limit / (norm + 1e-6)), as in PyTorch's clip_grad_norm_.
// Layout: partial[band], sums of squares; gradient_scale[1].
// Work: one workgroup; each invocation adds every 64th band, then the first one adds their sums.
// Host: kernels/clip/clip.ts. Test: tests/kernels/clip_test.ts.
const WORKGROUP: u32 = 64u;

struct Params {
  bands: u32,
  limit: f32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> gradient_scale: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.bands; i += WORKGROUP) {
    sum += partial[i];
  }
  sums[lane] = sum;
  // All invocations' sums must be written before the first one adds them.
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var i = 0u; i < WORKGROUP; i++) {
      total += sums[i];
    }
    gradient_scale[0] = min(1.0, params.limit / (sqrt(total) + 0.000001));
  }
}
