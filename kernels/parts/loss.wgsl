// Part: a pixel of a binary segmentation loss, and what kernels/loss/definition.ts sets for all losses and heads.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.

const SMOOTH: f32 = 0.000001;
const LEAST_LOGARITHM: f32 = -100.0;
const CLASSES: u32 = 1u; // without the background

// Rows of a class's partial sums.
const SUMS: u32 = 9u;
const SUM_OVERLAP: u32 = 0u;
const SUM_POSITIVE: u32 = 1u;
const SUM_TRUTH: u32 = 2u;
const SUM_ENTROPY: u32 = 3u;
const SUM_CORRECT: u32 = 4u;
const SUM_ROUNDED_OVERLAP: u32 = 5u;
const SUM_ROUNDED: u32 = 6u;
const SUM_TERM: u32 = 7u;
const SUM_IGNORED: u32 = 8u;

// Fields of a batch's record in the history; behind them, if there are several classes, overlap, predicted and truth of
// each.
const RECORD_SIZE: u32 = 8u;
const RECORD_LOSS: u32 = 0u;
const RECORD_DICE: u32 = 1u;
const RECORD_BCE: u32 = 2u;
const RECORD_ACCURACY: u32 = 3u;
const RECORD_OVERLAP: u32 = 4u;
const RECORD_PREDICTED: u32 = 5u;
const RECORD_TRUTH: u32 = 6u;
const RECORD_PIXELS: u32 = 7u;

// The sums of a class in the whole batch that gradients are computed from.
struct BatchSums {
  overlap: f32,        // sum(p t)
  positive: f32,       // sum p
  truth: f32,          // sum t
  count: f32,          // targets that are not ignored, of all classes, divided by the number of classes
}

struct Pixel {
  logit: f32,
  truth: f32,          // 0 or 1
  p: f32,              // sigmoid(logit)
  q: f32,              // 1 - p, without cancellation
  log_p: f32,
  log_q: f32,
}

// Nothing in it overflows.
fn pixel_of(logit: f32, truth: f32) -> Pixel {
  let e = exp(-abs(logit));
  let softplus = log(1.0 + e);
  return Pixel(
    logit,
    truth,
    select(e, 1.0, logit >= 0.0) / (1.0 + e),
    select(1.0, e, logit >= 0.0) / (1.0 + e),
    min(logit, 0.0) - softplus,
    min(-logit, 0.0) - softplus,
  );
}
