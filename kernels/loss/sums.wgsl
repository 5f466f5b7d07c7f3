// Sums behind the loss and the metrics of a batch, for each class, as partial sums over bands of logits: p t, p, t,
// binary cross-entropy, r == t, r t, r, the loss's own term, and ignored pixels, whose target is less than 0;
// p = sigmoid(logit), r = p rounded half to even. Logarithms in the cross-entropy are clamped, as in PyTorch.
// Layout: logits and target_mask [images][classes][pixels]; partial[classes][SUMS][bands]. Bands start at image
// boundaries, so that they do not depend on how a batch is cut into micro-batches.
// Work: one invocation per image, class and band.
// Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
// Parts: step.wgsl, loss.wgsl, combined.wgsl.
// Another loss takes the place of combined.wgsl.
const WORKGROUP: u32 = 64u;

struct Params {
  images: u32,          // bound here
  image_size: u32,      // pixels of an image
  band_size: u32,
  bands_per_image: u32,
  bands: u32,           // of the whole batch
  first_image: u32,     // of those bound here, within the micro-batch
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let band = index % params.bands_per_image;
  let plane = index / params.bands_per_image;
  let image = plane / CLASSES;
  if (image >= params.images) {
    return;
  }
  let start = band * params.band_size;
  let first = plane * params.image_size + start;
  let end = plane * params.image_size + min(params.image_size, start + params.band_size);
  var overlap = 0.0;
  var positive = 0.0;
  var truth = 0.0;
  var entropy = 0.0;
  var correct = 0.0;
  var rounded_overlap = 0.0;
  var rounded = 0.0;
  var term = 0.0;
  var ignored = 0.0;
  for (var i = first; i < end; i++) {
    let t = target_mask[i];
    if (t < 0.0) {
      ignored += 1.0;
      continue;
    }
    let pixel = pixel_of(logits[i], t);
    let log_p = max(LEAST_LOGARITHM, pixel.log_p);
    let log_q = max(LEAST_LOGARITHM, pixel.log_q);
    overlap += pixel.p * t;
    positive += pixel.p;
    truth += t;
    entropy -= t * log_p + (1.0 - t) * log_q;
    let r = select(0.0, 1.0, pixel.p > 0.5);
    correct += select(0.0, 1.0, r == t);
    rounded_overlap += r * t;
    rounded += r;
    term += loss_term(pixel);
  }
  let at = plane % CLASSES * SUMS * params.bands +
    (step.first_image + params.first_image + image) * params.bands_per_image + band;
  partial[at + SUM_OVERLAP * params.bands] = overlap;
  partial[at + SUM_POSITIVE * params.bands] = positive;
  partial[at + SUM_TRUTH * params.bands] = truth;
  partial[at + SUM_ENTROPY * params.bands] = entropy;
  partial[at + SUM_CORRECT * params.bands] = correct;
  partial[at + SUM_ROUNDED_OVERLAP * params.bands] = rounded_overlap;
  partial[at + SUM_ROUNDED * params.bands] = rounded;
  partial[at + SUM_TERM * params.bands] = term;
  partial[at + SUM_IGNORED * params.bands] = ignored;
}
