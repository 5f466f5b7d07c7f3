// Part: the binary focal loss, the mean of -a t (1 - p)^g log p - (1 - a) (1 - t) p^g log(1 - p)
// over all pixels (Lin et al. 2017). Powers are exp(g log p): no logarithm of 0.
// Host: kernels/loss/losses.ts. Test: tests/kernels/loss_test.ts.
const ALPHA: f32 = 0.25;
const GAMMA: f32 = 2.0;

fn loss_term(pixel: Pixel) -> f32 {
  return -ALPHA * pixel.truth * exp(GAMMA * pixel.log_q) * pixel.log_p -
    (1.0 - ALPHA) * (1.0 - pixel.truth) * exp(GAMMA * pixel.log_p) * pixel.log_q;
}

fn loss_value(batch: BatchSums, term: f32, dice: f32, bce: f32) -> f32 {
  return term / batch.count;
}

fn loss_gradient(pixel: Pixel, batch: BatchSums) -> f32 {
  let of_one = ALPHA * exp(GAMMA * pixel.log_q) * (GAMMA * pixel.p * pixel.log_p - pixel.q);
  let of_zero = (1.0 - ALPHA) * exp(GAMMA * pixel.log_p) * (pixel.p - GAMMA * pixel.q * pixel.log_q);
  return (pixel.truth * of_one + (1.0 - pixel.truth) * of_zero) / batch.count;
}
