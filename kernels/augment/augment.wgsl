// Random augmentation of images together with their masks: a smooth elastic displacement, then flips, rotation, scale and
// shift as one affine map about the center (bilinear with clamped edges for images; nearest, a value for outside, for
// masks), then contrast, brightness and noise on the image. The sources may be larger, with the same center: the map then
// reads what lies around the images. The displacement is a uniform cubic B-spline of control points, CELLS cells per side.
// Draws depend only on seed, step and image (noise also on the pixel, displacement on the control point), so a resumed run
// repeats them.
// Layout: NCHW for images and masks.
// Work: one invocation per pixel, all channels; workgroups.y counts images.
// Parts: pcg4d.wgsl, step.wgsl.
// Host: kernels/augment/augment.ts. Test: tests/kernels/augment_test.ts.
const WORKGROUP: u32 = 64u;
const CELLS: f32 = 4.0;

struct Params {
  height: u32,
  width: u32,
  channels: u32,      // of the images
  mask_channels: u32,
  flips: u32,         // bits: 1 horizontal, 2 vertical
  rotation: f32,      // largest angle in radians, either way
  scale: f32,         // largest relative change of size: 0.1 is 0.9 to 1.1
  shift: f32,         // largest shift, as a share of height and width, either way
  contrast: f32,      // largest relative change of contrast
  brightness: f32,    // largest value added, either sign
  noise: f32,         // largest standard deviation of the noise
  first_image: u32,   // place in the batch of the first image bound here
  source_height: u32,
  source_width: u32,
  outside: f32,       // of masks, outside the source
  elastic: f32,       // largest offset of a control point, as a share of height and width, either way
}

@group(0) @binding(0) var<storage, read> source_images: array<f32>;
@group(0) @binding(1) var<storage, read> source_masks: array<f32>;
@group(0) @binding(2) var<storage, read_write> images: array<f32>;
@group(0) @binding(3) var<storage, read_write> masks: array<f32>;
@group(0) @binding(4) var<uniform> step: Step;
@group(0) @binding(5) var<uniform> params: Params;

// Four draws, uniform in [-1, 1).
fn draws(image: u32, kind: u32) -> vec4f {
  return vec4f(pcg4d(vec4u(image, step.step, step.seed, kind)) >> vec4u(8u)) / 8388608.0 - 1.0;
}

fn pixel(plane: u32, x: i32, y: i32) -> f32 {
  let column = u32(clamp(x, 0, i32(params.source_width) - 1));
  let row = u32(clamp(y, 0, i32(params.source_height) - 1));
  return source_images[(plane * params.source_height + row) * params.source_width + column];
}

// Weights of the four control points around a position in [0, 1) of their cell.
fn spline(t: vec2f) -> array<vec2f, 4> {
  let s = 1.0 - t;
  return array(
    s * s * s / 6.0,
    (t * t * (3.0 * t - 6.0) + 4.0) / 6.0,
    (s * s * (3.0 * s - 6.0) + 4.0) / 6.0,
    t * t * t / 6.0,
  );
}

// The sum over the four control points of a row, the first of which has this index.
fn spline_row(image: u32, first: u32, weights: array<vec2f, 4>) -> vec2f {
  return weights[0].x * draws(image, first).xy + weights[1].x * draws(image, first + 1u).xy +
    weights[2].x * draws(image, first + 2u).xy + weights[3].x * draws(image, first + 3u).xy;
}

// In [-1, 1], at a position in cells; a cell's first control point lies one cell before it.
fn displacement(image: u32, at: vec2f) -> vec2f {
  let weights = spline(fract(at));
  let cell = vec2u(at);
  let row = u32(CELLS) + 3u;
  let first = 0x656c6173u + cell.y * row + cell.x;
  return weights[0].y * spline_row(image, first, weights) + weights[1].y * spline_row(image, first + row, weights) +
    weights[2].y * spline_row(image, first + 2u * row, weights) +
    weights[3].y * spline_row(image, first + 3u * row, weights);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x * WORKGROUP + lane;
  if (index >= params.height * params.width) {
    return;
  }
  let image = group.y;
  // Keyed by the place in the whole batch, so that micro-batches do not change the draws.
  let place = step.first_image + params.first_image + image;
  let shape = draws(place, 0x61666631u);
  let more = draws(place, 0x61666632u);
  let light = draws(place, 0x61666633u);
  let angle = params.rotation * shape.x;
  let zoom = 1.0 / (1.0 + params.scale * shape.y);
  let size = vec2f(f32(params.width), f32(params.height));
  let center = 0.5 * size - 0.5;
  let target_position = vec2f(f32(index % params.width), f32(index / params.width));
  var at = target_position - center - params.shift * shape.zw * size;
  if (params.elastic > 0.0) {
    at += params.elastic * size * displacement(place, CELLS * (target_position + 0.5) / size);
  }
  at = zoom * vec2f(cos(angle) * at.x + sin(angle) * at.y, cos(angle) * at.y - sin(angle) * at.x);
  if ((params.flips & 1u) != 0u && more.x < 0.0) {
    at.x = -at.x;
  }
  if ((params.flips & 2u) != 0u && more.y < 0.0) {
    at.y = -at.y;
  }
  at += 0.5 * vec2f(f32(params.source_width), f32(params.source_height)) - 0.5;

  let corner = floor(at);
  let weight = at - corner;
  let x = i32(corner.x);
  let y = i32(corner.y);
  let gain = 1.0 + params.contrast * light.x;
  let offset = params.brightness * light.y;
  let deviation = params.noise * abs(light.z);
  let pixels = params.height * params.width;
  for (var channel = 0u; channel < params.channels; channel++) {
    let plane = image * params.channels + channel;
    let top = mix(pixel(plane, x, y), pixel(plane, x + 1, y), weight.x);
    let low = mix(pixel(plane, x, y + 1), pixel(plane, x + 1, y + 1), weight.x);
    var value = gain * mix(top, low, weight.y) + offset;
    if (params.noise > 0.0) {
      // The sum of four uniform draws, scaled to deviation 1, is close enough to a normal distribution.
      let noise = vec4f(pcg4d(vec4u(index, step.step, step.seed ^ place, 0x6e6f6973u + channel)) >> vec4u(8u)) / 8388608.0;
      value += deviation * 0.8660254 * (noise.x + noise.y + noise.z + noise.w - 4.0);
    }
    images[plane * pixels + index] = value;
  }
  let nearest = vec2i(round(at));
  let inside = nearest.x >= 0 && nearest.y >= 0 && nearest.x < i32(params.source_width) && nearest.y < i32(params.source_height);
  let source_pixels = params.source_height * params.source_width;
  for (var channel = 0u; channel < params.mask_channels; channel++) {
    let plane = image * params.mask_channels + channel;
    let source = select(0u, u32(nearest.y) * params.source_width + u32(nearest.x), inside);
    masks[plane * pixels + index] = select(params.outside, source_masks[plane * source_pixels + source], inside);
  }
}
