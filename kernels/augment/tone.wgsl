// Random changes of how an image's intensities map to gray values, as another scanner or contrast would: a gamma curve, a
// smooth monotone curve, a bias field, inversion; in place, on normalized values z, on a random share of the images.
// No range of intensities is needed: the gamma curve acts on sigmoid(z) and is taken back by its inverse.
// Draws depend only on seed, step and image, so a resumed run repeats them.
// Layout: NCHW.
// Work: one invocation per pixel, all channels; workgroups.y counts images.
// Parts: pcg4d.wgsl, step.wgsl.
// Host: kernels/augment/augment.ts. Test: tests/kernels/tone_test.ts.
const WORKGROUP: u32 = 64u;

const TURN: f32 = 6.2831853;

struct Params {
  height: u32,
  width: u32,
  channels: u32,
  first_image: u32,   // place in the batch of the first image bound here
  share: f32,         // of images that change
  gamma: f32,         // largest logarithm of the exponent, either sign
  tone: f32,          // largest relative change of the slope, either sign; less than 1
  bias: f32,          // largest relative change of brightness, either sign
  invert: f32,        // probability of inversion, of the images that change
}

@group(0) @binding(0) var<storage, read_write> images: array<f32>;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<uniform> params: Params;

// Four draws, uniform in [0, 1).
fn draws(image: u32, kind: u32) -> vec4f {
  return vec4f(pcg4d(vec4u(image, step.step, step.seed, 0x746f6e65u + kind)) >> vec4u(8u)) / 16777216.0;
}

// log(1 + exp(x)), without overflow.
fn softplus(x: f32) -> f32 {
  return max(x, 0.0) + log(1.0 + exp(-abs(x)));
}

// The inverse of the sigmoid at sigmoid(z)^exponent.
fn gamma_curve(z: f32, exponent: f32) -> f32 {
  let lost = exponent * softplus(-z);
  // 1 - exp(-lost), of which few digits would remain if lost is small.
  let rest = select(1.0 - exp(-lost), lost * (1.0 - 0.5 * lost), lost < 0.01);
  return -lost - log(max(rest, 1e-30));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  let pixels = params.height * params.width;
  if (index >= pixels) {
    return;
  }
  let place = step.first_image + params.first_image + group.y;
  let chance = draws(place, 0u);
  if (chance.x >= params.share) {
    return;
  }
  let curve = draws(place, 1u);
  let wave = draws(place, 2u);
  let field = draws(place, 3u);
  let exponent = exp(params.gamma * (2.0 * chance.z - 1.0));
  let sign = select(1.0, -1.0, chance.y < params.invert);
  // Two waves with periods of 4 to 12 deviations, each with half of the change of slope.
  let rate = TURN / (4.0 + 8.0 * curve.xy);
  let rise = 0.5 * params.tone * (2.0 * curve.zw - 1.0) / rate;
  let phase = TURN * wave.xy;
  // One wave of at most one period across the image.
  let at = vec2f(f32(index % params.width), f32(index / params.width)) / vec2f(f32(params.width), f32(params.height));
  let across = dot(2.0 * field.xy - 1.0, at) + field.z;
  let gain = params.bias * (2.0 * chance.w - 1.0) * cos(TURN * across);
  for (var channel = 0u; channel < params.channels; channel++) {
    let position = (group.y * params.channels + channel) * pixels + index;
    var z = images[position];
    if (params.gamma > 0.0) {
      z = gamma_curve(z, exponent);
    }
    z += rise.x * sin(rate.x * z + phase.x) + rise.y * sin(rate.y * z + phase.y);
    // Black, far below 0, stays black.
    z += gain * softplus(z);
    images[position] = sign * z;
  }
}
