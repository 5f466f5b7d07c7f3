// Part: the uniform `step`, which holds what changes from one training step to the next; packStep in
// kernels/adam/adam.ts writes it.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.

// The first 16 bytes: all that kernels need that do not update weights.
struct Step {
  seed: u32,
  step: u32,
  record: u32,         // index of the step's metrics in the history
  first_image: u32,    // place in the batch of the first image of this micro-batch
}

struct UpdateStep {
  head: Step,
  rate: f32,           // learning rate / (1 - beta1^t)
  inverse_root: f32,   // 1 / sqrt(1 - beta2^t)
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  shrink: f32,         // 1 - learning rate * weight decay
  keep: f32,           // decay of the EMA of weights
}
