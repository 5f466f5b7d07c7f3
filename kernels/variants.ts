/**
 * The table of kernel variants: those of each operation, the shapes they support, and the default for each class of shapes
 * on software and on hardware adapters. Timing on the adapter itself may replace the defaults.
 *
 * To add a variant, add a line to its operation and its name to the rows of the classes it is for.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  type AdapterKind,
  type AnyOperation,
  completeChoices,
  type KernelChoices,
  Operation,
  type VariantFacts,
} from "./choices.ts";
import { columnCount, im2colServes } from "./conv2d/im2col.ts";
import { directServes, type PackedWeights } from "./conv2d/direct.ts";
import { fusedServes } from "./conv2d/fused.ts";
import { smallServes } from "./conv2d/small.ts";
import { rowsAreVectors } from "./conv_transpose2d/conv_transpose2d.ts";
import { subgroupServes } from "./conv_transpose2d/subgroup.ts";
import { type GemmShape, type Slices, uniformLayers } from "./gemm/gemm.ts";
import type { Nchw } from "./shape.ts";
import type { RowSums } from "./reduce/reduce.ts";

/** What the variant of a 3 x 3 convolution depends on. Forward pass and both gradients use the same variant. */
export interface ConvCase {
  /** Images. */
  readonly batch: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Channels of the layer, and which of them are computed. */
  readonly weights: PackedWeights;
  /** Whether the variant must be as accurate as plain float32 sums. */
  readonly strict: boolean;
  /** Whether tensors between layers are stored as float16. */
  readonly half?: boolean;
}

/** Input times output channels. */
const channelsOf = ({ weights }: ConvCase) => weights.inputs * weights.outputs;

/**
 * Pixels per batch up to which im2col wins on software: Winograd then spends more on transforming weights than it saves
 * in multiplications.
 */
const FEW_PIXELS = 96;

/** Pixels per batch up to which plain sums over maps of 4 x 4 and 2 x 2 win on software, for the same reason. */
const TINY_PIXELS = 192;

/** Pixels per map up to which a layer counts as deep: its Winograd tiles hardly fill a row of a product. */
const DEEP_PIXELS = 64;

/**
 * 3 x 3 convolution. For few channels in registers, by Winograd or, if that may not be used, direct: on lavapipe, both
 * Winograds break even near 32 channels, direct and Winograd near 16. F(4x4) loses digits and needs whole tiles; F(2x2)
 * supports every size and strict arithmetic.
 */
export const CONV3X3 = new Operation("conv3x3", {
  direct: {
    basic: true,
    kernels: ["conv2d/direct_pack", "conv2d/direct", "conv2d/direct_wgrad"],
    serves: (shape: ConvCase) => directServes(shape, shape.weights),
  },
  fused: {
    kernels: ["conv2d/fused_forward", "conv2d/fused_dgrad", "conv2d/fused_wgrad"],
    needs: "subgroups of 8",
    serves: (shape: ConvCase) => !shape.strict && fusedServes(shape),
  },
  im2col: {
    basic: true,
    kernels: ["conv2d/im2col", "conv2d/col2im", "gemm/transpose"],
    serves: ({ weights }: ConvCase) => im2colServes(weights),
  },
  small: {
    kernels: ["conv2d/small_forward", "conv2d/small_dgrad", "conv2d/small_wgrad"],
    needs: "subgroups of 8",
    // With float16, sums over two tensors would be rounded in between.
    serves: (shape: ConvCase) => !shape.half && smallServes(shape, shape.weights),
  },
  winograd2: { basic: true, kernels: winogradKernels(2) },
  winograd4: {
    basic: true,
    kernels: winogradKernels(4),
    serves: ({ height, width, strict }: ConvCase) => !strict && height % 4 === 0 && width % 4 === 0,
  },
}, {
  few: {
    takes: (shape) => columnCount(shape) <= FEW_PIXELS && im2colServes(shape.weights),
    software: ["small", "im2col", "winograd4", "winograd2"],
    hardware: ["winograd4", "winograd2", "im2col"],
    sample: convSample(128, 4, 4),
  },
  tiny: {
    takes: (shape) => !shape.half && columnCount(shape) <= TINY_PIXELS && smallServes(shape, shape.weights),
    software: ["small", "winograd4", "winograd2"],
    hardware: ["winograd4", "winograd2"],
    sample: convSample(128, 4, 8),
  },
  thin: {
    takes: (shape) => channelsOf(shape) <= 300,
    software: ["fused", "direct", "winograd4", "winograd2"],
    hardware: ["direct", "winograd4", "winograd2"],
    sample: convSample(8, 64, 4),
  },
  deep: {
    takes: ({ height, width }) => height * width <= DEEP_PIXELS,
    software: ["winograd4", "winograd2"],
    hardware: ["winograd4", "winograd2"],
    sample: convSample(128, 8, 4),
  },
  slim: {
    takes: (shape) => channelsOf(shape) <= 600,
    software: ["fused", "winograd4", "winograd2", "direct"],
    hardware: ["winograd4", "winograd2", "direct"],
    sample: convSample(24, 64, 1),
  },
  medium: {
    takes: (shape) => channelsOf(shape) <= 1024,
    software: ["winograd4", "winograd2", "direct"],
    hardware: ["winograd4", "winograd2", "direct"],
    sample: convSample(32, 64, 1),
  },
  wide: {
    takes: () => true,
    software: ["winograd4", "winograd2"],
    hardware: ["winograd4", "winograd2"],
    sample: convSample(64, 32, 2),
  },
});

/** How a 3 x 3 convolution is computed. */
export type ConvVariant = keyof typeof CONV3X3.variants;

function winogradKernels(side: 2 | 4): string[] {
  const parts = ["input", "weight", "output", "grad", "weight_grad"];
  const pairs = side === 4 ? parts.map((part) => `${part}_pairs`) : [];
  return [...parts, ...pairs].map((part) => `conv2d/winograd${side}_${part}`);
}

/**
 * Winograd's transforms of input and output around the products of F(4x4), all with the same bits: each invocation `alone`,
 * or exchanging values with its neighbors (`lanes`), so that it loads and stores less.
 */
export const TRANSFORM = new Operation("winograd transform", {
  alone: {
    basic: true,
    kernels: ["", "_pairs"].flatMap((form) =>
      ["input", "output"].map((part) => `conv2d/winograd4_${part}${form}`)
    ),
  },
  lanes: {
    kernels: ["conv2d/winograd4_input_lanes", "conv2d/winograd4_output_lanes"],
    needs: "subgroups of exactly 8",
  },
}, {
  all: {
    takes: (_: Nchw) => true,
    software: ["lanes", "alone"],
    hardware: ["alone"],
    sample: { batch: 1, channels: 64, height: 64, width: 64 },
  },
});

function convSample(channels: number, size: number, batch: number): ConvCase {
  const weights = { inputs: channels, outputs: channels, flipped: false, firstRow: 0, rows: channels };
  return { batch, height: size, width: size, weights, strict: false };
}

/**
 * Multiplications per dispatch from which a uniform operand pays off: on lavapipe the uniform kernel does 30 billion per
 * second, the other one 20 billion, and a dispatch costs 60 microseconds.
 */
const MULTIPLICATIONS_PER_DISPATCH = 2e6;

/** Whether the left operand fits uniforms, few enough for their dispatches to pay off. */
function uniformServes(shape: GemmShape): boolean {
  const layers = uniformLayers(shape);
  if (layers === 0) return false;
  const dispatches = Math.ceil(shape.layers / layers);
  const multiplications = shape.rows * shape.columns * shape.depth * shape.layers;
  return multiplications > dispatches * MULTIPLICATIONS_PER_DISPATCH;
}

/** GEMM with subgroups, for software adapters. */
const SUBGROUP: VariantFacts = {
  kernels: ["gemm/nn_wide", "gemm/nn_high", "gemm/nn_panel"],
  needs: "subgroups of 8",
};

/** The same for adapters that compute four invocations at a time: those of browsers (SwiftShader). */
const SUBGROUP_4: VariantFacts = { kernels: ["gemm/nn_wide"], needs: "subgroups of 4" };

/** GEMM through workgroup memory; the name of the variant gives the tile. */
const TILED: VariantFacts = { kernels: ["gemm/tiled"], needs: "workgroup memory" };

/**
 * Matrix products without split-K. On software in registers, with broadcasts within subgroups or else the smaller operand
 * in a uniform; on hardware through workgroup memory.
 */
export const PRODUCT = new Operation("product", {
  nn_subgroup: SUBGROUP,
  nn_subgroup4: SUBGROUP_4,
  nn: { basic: true, kernels: ["gemm/nn"] },
  nn_uniform: { basic: true, kernels: ["gemm/nn_uniform"], serves: uniformServes },
  tiled: TILED,
  tiled_32x128: TILED,
}, {
  low: {
    takes: ({ rows }: GemmShape) => rows <= 32,
    software: ["nn_subgroup", "nn_subgroup4", "nn_uniform", "nn"],
    hardware: ["tiled_32x128", "tiled", "nn"],
    sample: { rows: 32, columns: 256, depth: 32, layers: 36 },
  },
  middle: {
    takes: ({ rows }) => rows < 128,
    software: ["nn_subgroup", "nn_subgroup4", "nn_uniform", "nn"],
    hardware: ["tiled", "tiled_32x128", "nn"],
    sample: { rows: 64, columns: 128, depth: 64, layers: 36 },
  },
  high: {
    takes: () => true,
    software: ["nn_subgroup", "nn_subgroup4", "nn_uniform", "nn"],
    hardware: ["tiled", "tiled_32x128", "nn"],
    sample: { rows: 128, columns: 256, depth: 128, layers: 36 },
  },
});

/** How a matrix product is computed. */
export type ProductVariant = keyof typeof PRODUCT.variants;

/** A split-K matrix product. */
export interface SplitKCase extends GemmShape {
  /** Slices of k. */
  readonly slices: Slices;
}

/**
 * Split-K matrix products: weight gradients. On hardware the operands are transposed (variants named `turned`), so that
 * neighboring invocations of the transforms read neighboring pixels of one map. Names are stored in checkpoints.
 */
export const SPLIT_K_PRODUCT = new Operation("sliced product", {
  nn_subgroup: SUBGROUP,
  nn_subgroup4: SUBGROUP_4,
  nn: { basic: true, kernels: ["gemm/nn"] },
  turned: TILED,
  turned_32x32: TILED,
}, {
  low: {
    takes: ({ rows }: SplitKCase) => rows <= 32,
    software: ["nn_subgroup", "nn_subgroup4", "nn"],
    hardware: ["turned_32x32", "turned"],
    sample: splitKSample(32, 1024),
  },
  high: {
    takes: () => true,
    software: ["nn_subgroup", "nn_subgroup4", "nn"],
    hardware: ["turned", "turned_32x32"],
    sample: splitKSample(128, 1024),
  },
});

/** How a split-K matrix product is computed. */
export type SplitKVariant = keyof typeof SPLIT_K_PRODUCT.variants;

function splitKSample(channels: number, depth: number): SplitKCase {
  const slices = { depth, count: 1, first: 0 };
  return { rows: channels, columns: channels, depth, layers: 36, slices };
}

/**
 * The matrix products of im2col. Forward pass and input gradient have few columns (pixels), the weight gradient many.
 */
export const IM2COL_PRODUCT = new Operation("im2col product", {
  nn_subgroup: SUBGROUP,
  nn_subgroup4: SUBGROUP_4,
  nn: { basic: true, kernels: ["gemm/nn"] },
  tiled: TILED,
  tiled_32x128: TILED,
}, {
  narrow: {
    takes: ({ columns }: GemmShape) => columns <= FEW_PIXELS,
    software: ["nn_subgroup", "nn_subgroup4", "nn"],
    hardware: ["tiled", "nn"],
    sample: { rows: 128, columns: 64, depth: 1152, layers: 1 },
  },
  broad: {
    takes: () => true,
    software: ["nn_subgroup", "nn_subgroup4", "nn"],
    hardware: ["tiled", "tiled_32x128", "nn"],
    sample: { rows: 128, columns: 1152, depth: 64, layers: 1 },
  },
});

/** The transposed convolution with subgroups, for software adapters. */
const TRANSPOSE_SUBGROUP: VariantFacts = {
  kernels: ["forward", "dgrad", "wgrad"].map((part) => `conv_transpose2d/subgroup_${part}`),
};

/** The 2 x 2 transposed convolution, one variant for all three directions. */
export const CONV_TRANSPOSE = new Operation("transposed convolution", {
  registers: {
    basic: true,
    kernels: ["forward", "dgrad", "wgrad"].map((part) => `conv_transpose2d/${part}`),
  },
  subgroup: { ...TRANSPOSE_SUBGROUP, needs: "subgroups of 8", serves: subgroupServes },
  subgroup4: { ...TRANSPOSE_SUBGROUP, needs: "subgroups of 4", serves: subgroupServes },
  shared: {
    kernels: ["forward", "dgrad", "wgrad"].map((part) => `conv_transpose2d/tiled_${part}`),
    needs: "workgroup memory",
    serves: rowsAreVectors,
  },
}, {
  all: {
    takes: (_: Nchw) => true,
    software: ["subgroup", "subgroup4", "registers"],
    hardware: ["shared", "registers"],
    sample: { batch: 1, channels: 128, height: 32, width: 32 },
  },
});

/** Items per row from which a workgroup is faster than a single invocation. */
const LONG_ROW = 64;

/** Sums of rows, the last step of most gradients. */
export const ROW_SUMS = new Operation("row sums", {
  rows: { basic: true, kernels: ["reduce/rows"] },
  rows_subgroup: { kernels: ["reduce/rows_subgroup"], needs: "subgroups" },
}, {
  long: {
    // A workgroup reads a whole row at a time, so its items must be contiguous.
    takes: ({ length, itemStride }: RowSums) => length >= LONG_ROW && itemStride === 1,
    software: ["rows"],
    hardware: ["rows_subgroup", "rows"],
    sample: { rows: 576, length: 256, rowStride: 256, itemStride: 1 },
  },
  // Includes long rows that are not contiguous.
  short: {
    takes: () => true,
    software: ["rows"],
    hardware: ["rows"],
    sample: { rows: 9216, length: 8, rowStride: 8, itemStride: 1 },
  },
});

/** All operations with variants. Products come first, because convolutions are timed with the chosen products. */
export const OPERATIONS: readonly AnyOperation[] = [
  PRODUCT,
  SPLIT_K_PRODUCT,
  IM2COL_PRODUCT,
  ROW_SUMS,
  TRANSFORM,
  CONV3X3,
  CONV_TRANSPOSE,
];

/** The default variant of each class. */
export function defaultChoices(kind: AdapterKind): KernelChoices {
  return completeChoices(OPERATIONS, kind);
}

/** The choices that differ from the defaults. */
export function nonDefaultChoices(kind: AdapterKind, choices: KernelChoices): KernelChoices {
  const defaults = defaultChoices(kind);
  return Object.fromEntries(Object.entries(choices).filter(([name, variant]) => defaults[name] !== variant));
}
