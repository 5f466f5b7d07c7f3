// Part: 0.6 dice + 0.4 bce, with dice = 1 - (2 sum(p t) + s) / (sum p + sum t + s) over the whole
// batch and bce the mean binary cross-entropy. d dice / d p = ((2 I + s) - 2 t S) / S^2 with I = sum(p t) and
// S = sum p + sum t + s; d bce / d logit = (p - t) / count, but 0 if the logarithm is clamped.
// Host: kernels/loss/losses.ts. Test: tests/kernels/loss_test.ts.
const DICE_WEIGHT: f32 = 0.6;
const BCE_WEIGHT: f32 = 0.4;

// It needs no sum of its own.
fn loss_term(pixel: Pixel) -> f32 {
  return 0.0;
}

fn loss_value(batch: BatchSums, term: f32, dice: f32, bce: f32) -> f32 {
  return DICE_WEIGHT * dice + BCE_WEIGHT * bce;
}

fn loss_gradient(pixel: Pixel, batch: BatchSums) -> f32 {
  let t = pixel.truth;
  let entropy = select(0.0, (1.0 - t) * pixel.p, pixel.logit < -LEAST_LOGARITHM) -
    select(0.0, t * pixel.q, pixel.logit > LEAST_LOGARITHM);
  let slope = pixel.p * pixel.q;
  let total = batch.positive + batch.truth + SMOOTH;
  let dice = ((2.0 * batch.overlap + SMOOTH) / total - 2.0 * t) / total;
  return DICE_WEIGHT * dice * slope + BCE_WEIGHT * entropy / batch.count;
}
