// Adds up the partial sums of a batch, writes the sums that gradients need, and records the metrics in the history.
// dice = 1 - (2 sum(p t) + s) / (sum p + sum t + s) over the whole batch, bce = mean binary cross-entropy.
// Layout: partial[SUMS][bands]; history[record][RECORD_SIZE].
// Work: one workgroup; each of its 64 invocations adds every 64th band, then the first one adds their sums.
// Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
// Parts: step.wgsl, loss.wgsl, combined.wgsl.
// Another loss takes the place of combined.wgsl.
const WORKGROUP: u32 = 64u;

struct Params {
  bands: u32,
  count: u32, // pixels of the whole batch
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: BatchSums;
@group(0) @binding(2) var<storage, read_write> history: array<f32>;
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> shared_sums: array<array<f32, SUMS>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var row = 0u; row < SUMS; row++) {
    var sum = 0.0;
    for (var i = lane; i < params.bands; i += WORKGROUP) {
      sum += partial[row * params.bands + i];
    }
    shared_sums[lane][row] = sum;
  }
  // Every invocation must have stored its sums before the first one adds them.
  workgroupBarrier();
  if (lane != 0u) {
    return;
  }
  var totals: array<f32, SUMS>;
  for (var i = 0u; i < WORKGROUP; i++) {
    for (var row = 0u; row < SUMS; row++) {
      totals[row] += shared_sums[i][row];
    }
  }
  let batch = BatchSums(totals[SUM_OVERLAP], totals[SUM_POSITIVE], totals[SUM_TRUTH], f32(params.count));
  let dice = 1.0 - (2.0 * batch.overlap + SMOOTH) / (batch.positive + batch.truth + SMOOTH);
  let bce = totals[SUM_ENTROPY] / batch.count;
  sums = batch;
  let at = step.record * RECORD_SIZE;
  history[at + RECORD_LOSS] = loss_value(batch, totals[SUM_TERM], dice, bce);
  history[at + RECORD_DICE] = dice;
  history[at + RECORD_BCE] = bce;
  history[at + RECORD_ACCURACY] = totals[SUM_CORRECT] / batch.count;
  history[at + RECORD_OVERLAP] = totals[SUM_ROUNDED_OVERLAP];
  history[at + RECORD_PREDICTED] = totals[SUM_ROUNDED];
  history[at + RECORD_TRUTH] = batch.truth;
  history[at + RECORD_PIXELS] = batch.count;
}
