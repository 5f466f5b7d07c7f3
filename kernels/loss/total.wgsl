// Adds the partial sums of the loss up and records the batch's metrics:
// dice = 1 - (2 sum(p t) + 1e-6) / (sum p + sum t + 1e-6) over the whole batch, bce the mean, loss 0.6 dice + 0.4 bce.
// sums[4] = sum(p t), sum p, sum t, elements; history[record] = loss, dice, bce, accuracy, sum(r t), sum r, sum t,
// elements, where r is the rounded probability.
// Work: one workgroup; each of its 64 invocations adds every 64th band, then the first adds theirs.
// Parts: step.wgsl.
// Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
const WORKGROUP: u32 = 64u;
const DICE_WEIGHT: f32 = 0.6;
const BCE_WEIGHT: f32 = 0.4;
const SMOOTH: f32 = 0.000001;

struct Params {
  bands: u32,
  count: u32, // elements of the whole batch
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> history: array<f32>;
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> shared_sums: array<array<f32, 7>, 64>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var row = 0u; row < 7u; row++) {
    var sum = 0.0;
    for (var i = lane; i < params.bands; i += WORKGROUP) {
      sum += partial[row * params.bands + i];
    }
    shared_sums[lane][row] = sum;
  }
  // Every invocation's sums must stand before the first one adds them.
  workgroupBarrier();
  if (lane != 0u) {
    return;
  }
  var totals: array<f32, 7>;
  for (var i = 0u; i < WORKGROUP; i++) {
    for (var row = 0u; row < 7u; row++) {
      totals[row] += shared_sums[i][row];
    }
  }
  let count = f32(params.count);
  let dice = 1.0 - (2.0 * totals[0] + SMOOTH) / (totals[1] + totals[2] + SMOOTH);
  let bce = totals[3] / count;
  sums[0] = totals[0];
  sums[1] = totals[1];
  sums[2] = totals[2];
  sums[3] = count;
  let at = step.record * 8u;
  history[at] = DICE_WEIGHT * dice + BCE_WEIGHT * bce;
  history[at + 1u] = dice;
  history[at + 2u] = bce;
  history[at + 3u] = totals[4] / count;
  history[at + 4u] = totals[5];
  history[at + 5u] = totals[6];
  history[at + 6u] = totals[2];
  history[at + 7u] = count;
}
