// Sums behind the loss and the metrics of a batch under a softmax, as partial sums over bands of pixels. With p the
// probability of a class, t = 1 if it is the true one, r = 1 if it is the most probable channel: p t, p, t, the
// cross-entropy of pixels of this class, how many of them are correct, r t, r, 0, 0. The first class also has the
// cross-entropy of background pixels, how many of those are correct, and, in the last row, the ignored pixels.
// Layout: logits[images][1 + classes][pixels]; target_mask[images][pixels] of class indices, 0 for the background, less
// for ignored pixels; pixels as softmax_pixels.wgsl writes them; partial[classes][SUMS][bands], as in sums.wgsl.
// Work: one invocation per image, class and band.
// Host: kernels/loss/loss.ts. Test: tests/kernels/class_loss_test.ts.
// Parts: step.wgsl, loss.wgsl.
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
@group(0) @binding(2) var<storage, read> pixels: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;
@group(0) @binding(4) var<uniform> step: Step;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let band = index % params.bands_per_image;
  let plane = index / params.bands_per_image;
  let image = plane / CLASSES;
  let row = plane % CLASSES;
  if (image >= params.images) {
    return;
  }
  let channel = row + 1u;
  let start = band * params.band_size;
  let end = min(params.image_size, start + params.band_size);
  let first_pixel = image * params.image_size;
  let first_logit = first_pixel * (CLASSES + 1u) + channel * params.image_size;
  var overlap = 0.0;
  var positive = 0.0;
  var truth = 0.0;
  var entropy = 0.0;
  var correct = 0.0;
  var rounded_overlap = 0.0;
  var rounded = 0.0;
  var ignored = 0.0;
  for (var i = start; i < end; i++) {
    let true_class = i32(target_mask[first_pixel + i]);
    if (true_class < 0) {
      ignored += select(0.0, 1.0, row == 0u);
      continue;
    }
    let pixel = pixels[first_pixel + i];
    let best = u32(pixel.x);
    let p = exp(logits[first_logit + i] - pixel.y) / pixel.z;
    let t = select(0.0, 1.0, u32(true_class) == channel);
    let r = select(0.0, 1.0, best == channel);
    overlap += p * t;
    positive += p;
    truth += t;
    rounded_overlap += r * t;
    rounded += r;
    if (max(1u, u32(true_class)) == channel) {
      entropy += pixel.w;
      correct += select(0.0, 1.0, best == u32(true_class));
    }
  }
  let at = row * SUMS * params.bands +
    (step.first_image + params.first_image + image) * params.bands_per_image + band;
  partial[at + SUM_OVERLAP * params.bands] = overlap;
  partial[at + SUM_POSITIVE * params.bands] = positive;
  partial[at + SUM_TRUTH * params.bands] = truth;
  partial[at + SUM_ENTROPY * params.bands] = entropy;
  partial[at + SUM_CORRECT * params.bands] = correct;
  partial[at + SUM_ROUNDED_OVERLAP * params.bands] = rounded_overlap;
  partial[at + SUM_ROUNDED * params.bands] = rounded;
  partial[at + SUM_TERM * params.bands] = 0.0;
  partial[at + SUM_IGNORED * params.bands] = ignored;
}
