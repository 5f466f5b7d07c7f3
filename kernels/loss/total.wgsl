// Adds up the partial sums of a batch, writes the sums that gradients need, and records the metrics in the history.
// dice = 1 - (2 sum(p t) + s) / (sum p + sum t + s) over the whole batch, bce = mean cross-entropy; loss and dice are
// means over the classes. What is ignored does not count.
// Layout: partial[classes][SUMS][bands]; sums[classes]; history[record][RECORD_SIZE].
// Work: one workgroup; each of its 64 invocations adds every 64th band, then the first one adds their sums.
// Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
// Parts: step.wgsl, loss.wgsl, combined.wgsl.
// Another loss takes the place of combined.wgsl.
const WORKGROUP: u32 = 64u;

struct Params {
  bands: u32, // of a class
  count: u32, // targets of the whole batch
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<BatchSums>;
@group(0) @binding(2) var<storage, read_write> history: array<f32>;
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> shared_sums: array<array<f32, SUMS>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  // How many targets count must be known before any class's loss.
  var ignored = 0.0;
  for (var row = 0u; row < CLASSES; row++) {
    for (var i = lane; i < params.bands; i += WORKGROUP) {
      ignored += partial[(row * SUMS + SUM_IGNORED) * params.bands + i];
    }
  }
  shared_sums[lane][SUM_IGNORED] = ignored;
  var counted = f32(params.count);
  var loss = 0.0;
  var mean_dice = 0.0;
  var mean_bce = 0.0;
  var all: array<f32, SUMS>;
  let at = step.record * RECORD_SIZE;
  for (var row = 0u; row < CLASSES; row++) {
    for (var kind = 0u; kind < SUM_IGNORED; kind++) {
      var sum = 0.0;
      for (var i = lane; i < params.bands; i += WORKGROUP) {
        sum += partial[(row * SUMS + kind) * params.bands + i];
      }
      shared_sums[lane][kind] = sum;
    }
    // Every invocation must have stored its sums before the first one adds them.
    workgroupBarrier();
    if (lane == 0u) {
      // naga zeroes a variable of a loop only once unless a value is given.
      var totals = array<f32, SUMS>();
      for (var i = 0u; i < WORKGROUP; i++) {
        for (var kind = 0u; kind < SUMS; kind++) {
          totals[kind] += shared_sums[i][kind];
        }
      }
      counted = f32(params.count) - totals[SUM_IGNORED];
      // A batch in which everything is ignored has no loss rather than 0 / 0.
      let count = max(1.0, counted) / f32(CLASSES);
      let batch = BatchSums(totals[SUM_OVERLAP], totals[SUM_POSITIVE], totals[SUM_TRUTH], count);
      let dice = 1.0 - (2.0 * batch.overlap + SMOOTH) / (batch.positive + batch.truth + SMOOTH);
      let bce = totals[SUM_ENTROPY] / batch.count;
      sums[row] = batch;
      loss += loss_value(batch, totals[SUM_TERM], dice, bce);
      mean_dice += dice;
      mean_bce += bce;
      for (var kind = 0u; kind < SUMS; kind++) {
        all[kind] += totals[kind];
      }
      if (CLASSES > 1u) {
        let class_at = at + RECORD_PIXELS + 1u + 3u * row;
        history[class_at] = totals[SUM_ROUNDED_OVERLAP];
        history[class_at + 1u] = totals[SUM_ROUNDED];
        history[class_at + 2u] = batch.truth;
      }
    }
    // And the first one must have read them before they are those of the next class.
    workgroupBarrier();
  }
  if (lane != 0u) {
    return;
  }
  history[at + RECORD_LOSS] = loss / f32(CLASSES);
  history[at + RECORD_DICE] = mean_dice / f32(CLASSES);
  history[at + RECORD_BCE] = mean_bce / f32(CLASSES);
  history[at + RECORD_ACCURACY] = all[SUM_CORRECT] / max(1.0, counted);
  history[at + RECORD_OVERLAP] = all[SUM_ROUNDED_OVERLAP];
  history[at + RECORD_PREDICTED] = all[SUM_ROUNDED];
  history[at + RECORD_TRUTH] = all[SUM_TRUTH];
  history[at + RECORD_PIXELS] = counted;
}
