// Part: one update of 4 parameters by Adam (Kingma and Ba, 2015) or AdamW (Loshchilov and Hutter, 2019), as PyTorch
// computes them: w -= rate * decay * w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
// w -= rate / c1 * m / (sqrt(v) / sqrt(c2) + epsilon), with the bias corrections c1 = 1 - b1^t and c2 = 1 - b2^t.
// The kernel declares the bindings. Returns the new weights.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts. Its numbers are in tests/kernels/adam_test.ts.
fn update(at: u32) -> vec4f {
  let g = gradient_scale[0] * gradient[at];
  let m = step.beta1 * first_moment[at] + (1.0 - step.beta1) * g;
  let v = step.beta2 * second_moment[at] + (1.0 - step.beta2) * g * g;
  first_moment[at] = m;
  second_moment[at] = v;
  let updated = step.shrink * weights[at] - step.rate * m / (sqrt(v) * step.inverse_root + step.epsilon);
  weights[at] = updated;
  return updated;
}
