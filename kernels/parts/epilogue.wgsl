// Part: bits of the field `flags` of Params, set by epilogueFlags in kernels/conv2d/epilogue.ts: what a convolution
// does with its sums before it stores them.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
const BIAS: u32 = 1u;
const RELU: u32 = 2u;
const GATE: u32 = 4u;            // multiply by the derivative of the ReLU in front
const GATE_NORMALIZED: u32 = 8u; // whose input was read through a normalization
const ADD: u32 = 16u;            // add the existing result first
