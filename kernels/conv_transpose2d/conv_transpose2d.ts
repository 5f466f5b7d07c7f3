/**
 * 2 x 2 transposed convolution with stride 2, as one matrix product over the pixels of the whole batch: every input
 * pixel makes a 2 x 2 patch of its own, so rows are 4 * outputs and columns pixels.
 *
 * @module
 */
import { grid, planeGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import { type Epilogue, epilogueFlags } from "../conv2d/epilogue.ts";
import packCode from "./pack.wgsl" with { type: "text" };
import shuffleCode from "./shuffle.wgsl" with { type: "text" };
import unpackCode from "./unpack.wgsl" with { type: "text" };
import unshuffleCode from "./unshuffle.wgsl" with { type: "text" };
import weightCode from "./weight.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** The input's pixels as matrix columns. */
export interface Columns {
  /** Height of the input. */
  readonly height: number;
  /** Width of the input. */
  readonly width: number;
  /** Pictures * height * width. */
  readonly count: number;
  /** Columns of the matrix, padded to whole tiles. */
  readonly stride: number;
}

/**
 * Input to matrix columns `[channel][column]`, or, with `depth` padded channels, to `[column][channel]`; bindings x,
 * affine, packed.
 */
export function packColumns(columns: Columns, channels: number, normalized: boolean, depth = 0): Dispatch {
  const label = "conv_transpose2d/pack";
  return {
    kernel: kernel(label, packCode, { NORMALIZED: normalized, CHANNELS_INNER: depth > 0 }),
    params: packParams([channels, columns.height * columns.width, columns.count, columns.stride, depth]),
    workgroups: outerGrid(label, columns, channels, depth),
  };
}

/** Product to output, with the bias; bindings m, bias, y. */
export function shuffleOutput(columns: Columns, outputs: number): Dispatch {
  const label = "conv_transpose2d/shuffle";
  return {
    kernel: kernel(label, shuffleCode),
    params: packParams([outputs, columns.height, columns.width, columns.count, columns.stride]),
    workgroups: grid(label, columns.count, WORKGROUP, outputs),
  };
}

/**
 * Gradient of the output to matrix rows `[4 * output + tap][column]`, or, with `depth` padded rows, to
 * `[column][4 * output + tap]`; bindings gradient, packed.
 */
export function unshuffleGradient(columns: Columns, outputs: number, depth = 0): Dispatch {
  const label = "conv_transpose2d/unshuffle";
  return {
    kernel: kernel(label, unshuffleCode, { CHANNELS_INNER: depth > 0 }),
    params: packParams([outputs, columns.height, columns.width, columns.count, columns.stride, depth]),
    workgroups: outerGrid(label, columns, outputs, depth),
  };
}

function outerGrid(label: string, columns: Columns, channels: number, depth: number): Dispatch["workgroups"] {
  return depth > 0
    ? planeGrid(label, channels, WORKGROUP, columns.stride)
    : planeGrid(label, columns.stride, WORKGROUP, channels);
}

/** Product to gradient of the input; bindings m, gate, gate_affine, gradient. */
export function unpackGradient(
  columns: Columns,
  channels: number,
  epilogue: Epilogue,
  scale: number,
): Dispatch {
  const label = "conv_transpose2d/unpack";
  return {
    kernel: kernel(label, unpackCode),
    params: packParams([
      channels,
      columns.height * columns.width,
      columns.count,
      columns.stride,
      epilogueFlags(epilogue),
      f32(scale),
    ]),
    workgroups: grid(label, columns.count, WORKGROUP, channels),
  };
}

/** Weights [inputs][outputs][2][2] to the product's left matrix; bindings w, packed. */
export function packWeights(
  layer: { inputs: number; outputs: number },
  paddedRows: number,
  turned: boolean,
): Dispatch {
  const label = "conv_transpose2d/weight";
  const columns = 4 * layer.outputs;
  return {
    kernel: kernel(label, weightCode),
    params: packParams([columns, paddedRows, turned ? layer.inputs : columns, turned ? 1 : 0]),
    workgroups: grid(label, paddedRows, WORKGROUP, turned ? columns : layer.inputs),
  };
}
