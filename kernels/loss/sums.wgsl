// Sums behind the loss 0.6 dice + 0.4 bce and the accuracy, as partial sums over bands of the whole batch:
// partial[7][bands] = p t, p, t, binary cross-entropy, correct, r t, r; p = sigmoid(logit), computed so that nothing
// overflows, r = round-half-to-even(p).
// Logarithms are not below -100 and correct means r == t, as in PyTorch.
// Bands begin anew with every picture, so that they are the same however a batch is cut.
// Work: an invocation owns one band. Host: kernels/loss/loss.ts. Test: tests/kernels/loss_test.ts.
// Parts: step.wgsl.
const WORKGROUP: u32 = 64u;

struct Params {
  images: u32,          // bound here
  image_size: u32,      // logits of a picture
  band_size: u32,
  bands_per_image: u32,
  bands: u32,           // of the whole batch
  first_image: u32,     // that is bound here, of those that this plan computes
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let band = group.x * WORKGROUP + lane;
  let image = band / params.bands_per_image;
  if (image >= params.images) {
    return;
  }
  let start = band % params.bands_per_image * params.band_size;
  let first = image * params.image_size + start;
  let end = image * params.image_size + min(params.image_size, start + params.band_size);
  var overlap = 0.0;
  var positive = 0.0;
  var truth = 0.0;
  var entropy = 0.0;
  var correct = 0.0;
  var rounded_overlap = 0.0;
  var rounded = 0.0;
  for (var i = first; i < end; i++) {
    let x = logits[i];
    let t = target_mask[i];
    let e = exp(-abs(x));
    let p = select(e, 1.0, x >= 0.0) / (1.0 + e);
    let softplus = log(1.0 + e);
    let log_p = max(-100.0, min(x, 0.0) - softplus);
    let log_q = max(-100.0, min(-x, 0.0) - softplus);
    overlap += p * t;
    positive += p;
    truth += t;
    entropy -= t * log_p + (1.0 - t) * log_q;
    let r = select(0.0, 1.0, p > 0.5);
    correct += select(0.0, 1.0, r == t);
    rounded_overlap += r * t;
    rounded += r;
  }
  let at = (step.first_image + params.first_image) * params.bands_per_image + band;
  partial[at] = overlap;
  partial[at + params.bands] = positive;
  partial[at + 2u * params.bands] = truth;
  partial[at + 3u * params.bands] = entropy;
  partial[at + 4u * params.bands] = correct;
  partial[at + 5u * params.bands] = rounded_overlap;
  partial[at + 6u * params.bands] = rounded;
}
