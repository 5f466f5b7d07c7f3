// Part of kernels: the bits of the field `flags` of Params, which says what a convolution does with its sums before it
// stores them. epilogueFlags in kernels/conv2d/epilogue.ts sets them.
// Host: kernels/parts/parts.ts. Test: tests/kernels/parts_test.ts.
const BIAS: u32 = 1u;
const RELU: u32 = 2u;
const GATE: u32 = 4u;            // by the ReLU that made the tensor whose gradient this is
const GATE_NORMALIZED: u32 = 8u; // which read it through a normalisation
const ADD: u32 = 16u;            // first what the result's memory holds
