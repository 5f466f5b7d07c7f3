// Part: the Tversky loss 1 - (TP + s) / (TP + a FP + b FN + s) over the whole batch, with
// TP = sum(p t), FP = sum p - TP and FN = sum t - TP (Salehi et al. 2017).
// Host: kernels/loss/losses.ts. Test: tests/kernels/loss_test.ts.
const ALPHA: f32 = 0.3;
const BETA: f32 = 0.7;

fn tversky_total(batch: BatchSums) -> f32 {
  return (1.0 - ALPHA - BETA) * batch.overlap + ALPHA * batch.positive + BETA * batch.truth + SMOOTH;
}

// It needs no sum of its own.
fn loss_term(pixel: Pixel) -> f32 {
  return 0.0;
}

fn loss_value(batch: BatchSums, term: f32, dice: f32, bce: f32) -> f32 {
  return 1.0 - (batch.overlap + SMOOTH) / tversky_total(batch);
}

fn loss_gradient(pixel: Pixel, batch: BatchSums) -> f32 {
  let total = tversky_total(batch);
  let total_slope = ALPHA + (1.0 - ALPHA - BETA) * pixel.truth;
  let by_p = ((batch.overlap + SMOOTH) / total * total_slope - pixel.truth) / total;
  return by_p * pixel.p * pixel.q;
}
