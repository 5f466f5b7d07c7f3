/**
 * The table of variants: which there are of each operation, what shapes they serve, and which is taken for which class
 * of shapes on software and on hardware unless timing on the adapter itself says otherwise.
 *
 * A new variant is a line among its operation's variants, and its name in the rows of the classes that it is for.
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
import { rowsAreVectors } from "./conv_transpose2d/conv_transpose2d.ts";
import { type GemmShape, type Slices, uniformLayers } from "./gemm/gemm.ts";
import type { Nchw } from "./shape.ts";
import type { RowSums } from "./reduce/reduce.ts";

/** What the choice of a 3 x 3 convolution depends on; one choice for forward and both gradients. */
export interface ConvCase {
  /** Images. */
  readonly batch: number;
  /** Rows of a map. */
  readonly height: number;
  /** Columns of a map. */
  readonly width: number;
  /** Channels of the layer, and which of them are computed from which. */
  readonly weights: PackedWeights;
  /** Whether only arithmetic as accurate as plain float32 sums may be chosen. */
  readonly strict: boolean;
}

/** Products of input and output channels, for a table. */
const channelsOf = ({ weights }: ConvCase) => weights.inputs * weights.outputs;

/**
 * Pixels of a whole batch up to which plain products win on software: for so few, Winograd spends on transformed weights
 * what it saves in multiplications.
 */
const FEW_PIXELS = 96;

/** Pixels of a map up to which it is deep: Winograd's tiles hardly fill a row of a product. */
const DEEP_PIXELS = 64;

/**
 * 3 x 3 convolution. Direct for few channels: on lavapipe direct and Winograd meet near 16 channels. F(4x4) loses
 * digits and wants whole tiles, while F(2x2) serves every size and strict arithmetic.
 */
export const CONV3X3 = new Operation("conv3x3", {
  direct: {
    basic: true,
    kernels: ["conv2d/direct_pack", "conv2d/direct", "conv2d/direct_wgrad"],
    serves: (shape: ConvCase) => directServes(shape, shape.weights),
  },
  im2col: {
    basic: true,
    kernels: ["conv2d/im2col", "conv2d/col2im", "gemm/transpose"],
    serves: ({ weights }: ConvCase) => im2colServes(weights),
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
    software: ["im2col", "winograd4", "winograd2"],
    hardware: ["winograd4", "winograd2", "im2col"],
    sample: convSample(128, 4, 4),
  },
  thin: {
    takes: (shape) => channelsOf(shape) <= 300,
    software: ["direct", "winograd4", "winograd2"],
    hardware: ["direct", "winograd4", "winograd2"],
    sample: convSample(8, 64, 4),
  },
  deep: {
    takes: ({ height, width }) => height * width <= DEEP_PIXELS,
    software: ["winograd4", "winograd2"],
    hardware: ["winograd4", "winograd2"],
    sample: convSample(128, 8, 4),
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
  return ["input", "weight", "output", "grad", "weight_grad"].map((part) => `conv2d/winograd${side}_${part}`);
}

function convSample(channels: number, size: number, batch: number): ConvCase {
  const weights = { inputs: channels, outputs: channels, flipped: false, firstRow: 0, rows: channels };
  return { batch, height: size, width: size, weights, strict: false };
}

/**
 * Multiplications that a product must have for each dispatch that a uniform operand costs: on lavapipe the uniform
 * kernel does 30 billion a second where the other does 20, and a dispatch costs 60 microseconds.
 */
const MULTIPLICATIONS_PER_DISPATCH = 2e6;

/** Whether the left operand fits uniform windows, few enough of them for their dispatches to be worth it. */
function uniformServes(shape: GemmShape): boolean {
  const layers = uniformLayers(shape);
  if (layers === 0) return false;
  const dispatches = Math.ceil(shape.layers / layers);
  const multiplications = shape.rows * shape.columns * shape.depth * shape.layers;
  return multiplications > dispatches * MULTIPLICATIONS_PER_DISPATCH;
}

/** Products by subgroups of a software adapter. */
const SUBGROUP: VariantFacts = { kernels: ["gemm/nn_wide", "gemm/nn_high"], needs: "subgroups of 8" };

/** Products through workgroup memory: the geometry is the variant's. */
const TILED: VariantFacts = { kernels: ["gemm/tiled"], needs: "workgroup memory" };

/**
 * Matrix products in one sum. On software registers alone, handed round in subgroups, or else the smaller operand as a
 * uniform; on hardware workgroup memory.
 */
export const PRODUCT = new Operation("product", {
  nn_subgroup: SUBGROUP,
  nn: { basic: true, kernels: ["gemm/nn"] },
  nn_uniform: { basic: true, kernels: ["gemm/nn_uniform"], serves: uniformServes },
  tiled: TILED,
  tiled_32x128: TILED,
}, {
  low: {
    takes: ({ rows }: GemmShape) => rows <= 32,
    software: ["nn_subgroup", "nn_uniform", "nn"],
    hardware: ["tiled_32x128", "tiled", "nn"],
    sample: { rows: 32, columns: 256, depth: 32, layers: 36 },
  },
  middle: {
    takes: ({ rows }) => rows < 128,
    software: ["nn_subgroup", "nn_uniform", "nn"],
    hardware: ["tiled", "tiled_32x128", "nn"],
    sample: { rows: 64, columns: 128, depth: 64, layers: 36 },
  },
  high: {
    takes: () => true,
    software: ["nn_subgroup", "nn_uniform", "nn"],
    hardware: ["tiled", "tiled_32x128", "nn"],
    sample: { rows: 128, columns: 256, depth: 128, layers: 36 },
  },
});

/** How a matrix product is computed. */
export type ProductVariant = keyof typeof PRODUCT.variants;

/** A matrix product whose long sum is cut into slices. */
export interface SplitKCase extends GemmShape {
  /** How it is cut. */
  readonly slices: Slices;
}

/**
 * Matrix products in slices: weight gradients. Tiles take transposed operands, as the transforms of the other directions make
 * them: neighbours then read neighbouring pixels of a map, and not of several.
 */
export const SPLIT_K_PRODUCT = new Operation("sliced product", {
  nn_subgroup: SUBGROUP,
  nn: { basic: true, kernels: ["gemm/nn"] },
  turned: TILED,
  turned_32x32: TILED,
}, {
  low: {
    takes: ({ rows }: SplitKCase) => rows <= 32,
    software: ["nn_subgroup", "nn"],
    hardware: ["turned_32x32", "turned"],
    sample: splitKSample(32, 1024),
  },
  high: {
    takes: () => true,
    software: ["nn_subgroup", "nn"],
    hardware: ["turned", "turned_32x32"],
    sample: splitKSample(128, 1024),
  },
});

/** How a matrix product in slices is computed. */
export type SplitKVariant = keyof typeof SPLIT_K_PRODUCT.variants;

function splitKSample(channels: number, depth: number): SplitKCase {
  const slices = { depth, count: 1, first: 0 };
  return { rows: channels, columns: channels, depth, layers: 36, slices };
}

/**
 * The products of im2col's three directions, each of one layer: forward and input gradient have few columns, pixels, and
 * the weight gradient many.
 */
export const IM2COL_PRODUCT = new Operation("im2col product", {
  nn_subgroup: SUBGROUP,
  nn: { basic: true, kernels: ["gemm/nn"] },
  tiled: TILED,
  tiled_32x128: TILED,
}, {
  narrow: {
    takes: ({ columns }: GemmShape) => columns <= FEW_PIXELS,
    software: ["nn_subgroup", "nn"],
    hardware: ["tiled", "nn"],
    sample: { rows: 128, columns: 64, depth: 1152, layers: 1 },
  },
  broad: {
    takes: () => true,
    software: ["nn_subgroup", "nn"],
    hardware: ["tiled", "tiled_32x128", "nn"],
    sample: { rows: 128, columns: 1152, depth: 64, layers: 1 },
  },
});

/** The 2 x 2 transposed convolution, all three directions alike. */
export const CONV_TRANSPOSE = new Operation("transposed convolution", {
  registers: {
    basic: true,
    kernels: ["forward", "dgrad", "wgrad"].map((part) => `conv_transpose2d/${part}`),
  },
  shared: {
    kernels: ["forward", "dgrad", "wgrad"].map((part) => `conv_transpose2d/tiled_${part}`),
    needs: "workgroup memory",
    serves: rowsAreVectors,
  },
}, {
  all: {
    takes: (_: Nchw) => true,
    software: ["registers"],
    hardware: ["shared", "registers"],
    sample: { batch: 1, channels: 128, height: 32, width: 32 },
  },
});

/** Items of a row from which a workgroup is better at it than an invocation. */
const LONG_ROW = 64;

/** Sums of rows, which end most gradients. */
export const ROW_SUMS = new Operation("row sums", {
  rows: { basic: true, kernels: ["reduce/rows"] },
  rows_subgroup: { kernels: ["reduce/rows_subgroup"], needs: "subgroups" },
}, {
  long: {
    // A workgroup reads a row at once: neighbours must lie side by side.
    takes: ({ length, itemStride }: RowSums) => length >= LONG_ROW && itemStride === 1,
    software: ["rows"],
    hardware: ["rows_subgroup", "rows"],
    sample: { rows: 576, length: 256, rowStride: 256, itemStride: 1 },
  },
  // Or long, but not side by side.
  short: {
    takes: () => true,
    software: ["rows"],
    hardware: ["rows"],
    sample: { rows: 9216, length: 8, rowStride: 8, itemStride: 1 },
  },
});

/** Every operation that has variants. Products come first: convolutions are timed with the products chosen then. */
export const OPERATIONS: readonly AnyOperation[] = [
  PRODUCT,
  SPLIT_K_PRODUCT,
  IM2COL_PRODUCT,
  ROW_SUMS,
  CONV3X3,
  CONV_TRANSPOSE,
];

/** The variant of every class unless timing on the adapter says otherwise. */
export function defaultChoices(kind: AdapterKind): KernelChoices {
  return completeChoices(OPERATIONS, kind);
}

/** Those of some choices that are not the default. */
export function nonDefaultChoices(kind: AdapterKind, choices: KernelChoices): KernelChoices {
  const defaults = defaultChoices(kind);
  return Object.fromEntries(Object.entries(choices).filter(([name, variant]) => defaults[name] !== variant));
}
