// Part of kernels: the uniform `step`, which holds what changes from one training step to the next. packStep in
// kernels/adam/adam.ts writes it.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.

// Its first 16 bytes, which are all that is bound where no weights change.
struct Step {
  seed: u32,
  step: u32,
  record: u32,         // the place of the step's metrics in the history
  first_image: u32,    // of the batch that this one is a part of
}

// All of it.
struct UpdateStep {
  head: Step,
  rate: f32,           // learning rate / (1 - beta1^t)
  inverse_root: f32,   // 1 / sqrt(1 - beta2^t)
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  shrink: f32,         // 1 - learning rate * weight decay
  keep: f32,           // share of the moving average of weights that stays
}
