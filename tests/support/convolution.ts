/**
 * 3 x 3 convolutions composed of their kernels, one dispatch at a time.
 *
 * @module
 */
import { type Accumulation, REPLACE } from "../../kernels/accumulation.ts";
import {
  directBands,
  directConv2d,
  directPack,
  directWgrad,
  packedSize,
} from "../../kernels/conv2d/direct.ts";
import { fusedBands, fusedDgrad, fusedForward, fusedRows, fusedWgrad } from "../../kernels/conv2d/fused.ts";
import { col2im, columnCount, im2col } from "../../kernels/conv2d/im2col.ts";
import { smallDgrad, smallForward, smallWgrad } from "../../kernels/conv2d/small.ts";
import type { Epilogue } from "../../kernels/conv2d/epilogue.ts";
import {
  splitTiles,
  tile,
  winogradGrad,
  winogradInput,
  winogradOutput,
  winogradWeight,
  winogradWeightGrad,
} from "../../kernels/conv2d/winograd.ts";
import {
  COLUMN_TILE,
  gemmNn,
  gemmNnUniform,
  ROW_TILE,
  transpose,
  uniformLayers,
} from "../../kernels/gemm/gemm.ts";
import { roundUp } from "../../kernels/grid.ts";
import { sumRows } from "../../kernels/reduce/reduce.ts";
import { size } from "../../kernels/shape.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { runKernel } from "./run_kernel.ts";

/** An input tensor of a convolution. */
export interface Source {
  /** NCHW. */
  readonly x: Float32Array;
  /** Channels. */
  readonly channels: number;
  /** Scale and shift per plane, if it is read through a norm. */
  readonly affine?: Float32Array;
}

/** A convolution, or the input gradient of one. */
export interface Convolution {
  /** Images. */
  readonly batch: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Output channels of the layer. */
  readonly outputs: number;
  /** OIHW. */
  readonly w: Float32Array;
  /** Whether this is the input gradient. */
  readonly flipped: boolean;
  /** First channel to compute. */
  readonly firstRow: number;
  /** Channels to compute. */
  readonly rows: number;
  /** Input tensors. */
  readonly sources: readonly Source[];
  /** What happens to the sums before they are stored. */
  readonly epilogue: Epilogue;
  /** One value per output channel. */
  readonly bias?: Float32Array;
  /** The tensor that gates the result, and its scale and shift. */
  readonly gate?: { readonly x: Float32Array; readonly affine?: Float32Array };
}

/** How a convolution is computed. */
export interface Method {
  /** For test names. */
  readonly name: string;
  /** Height and width are multiples of these. */
  readonly multiples: readonly [number, number];
  /** Channels of the layer are multiples of this; defaults to 1. */
  readonly channels?: number;
  /** The result, NCHW with `rows` channels. */
  run(gpu: Gpu, convolution: Convolution): Promise<Float32Array>;
  /** The weight gradient, OIHW. */
  weightGradient(gpu: Gpu, layer: Convolution, gradient: Float32Array): Promise<Float32Array>;
}

const NOTHING = new Float32Array(4);

function gateOperands({ bias, gate }: Convolution) {
  return { bias: bias ?? NOTHING, gate: gate?.x ?? NOTHING, gate_affine: gate?.affine ?? NOTHING };
}

/** The direct kernels. */
export const DIRECT: Method = {
  name: "direct",
  multiples: [4, 8],
  async run(gpu, convolution) {
    const { batch, height, width, rows, sources, flipped, w } = convolution;
    const depth = flipped ? convolution.outputs : convolution.inputs;
    const packing = { ...convolution, rows };
    const { packed } = await runKernel(gpu, directPack(packing), { w, packed: packedSize(packing) });
    let y = new Float32Array(batch * rows * height * width).fill(NaN);
    let firstChannel = 0;
    for (const [index, { x, channels, affine }] of sources.entries()) {
      const epilogue = { ...(index === sources.length - 1 ? convolution.epilogue : {}), add: index > 0 };
      const output = { batch, channels: rows, height, width };
      const normalized = affine !== undefined;
      const dispatch = directConv2d({ output, channels, firstChannel, depth, normalized, epilogue });
      const operands = { x, affine: affine ?? NOTHING, weights: packed, ...gateOperands(convolution), y };
      ({ y } = await runKernel(gpu, dispatch, operands));
      firstChannel += channels;
    }
    return y;
  },
  async weightGradient(gpu, { batch, height, width, inputs, outputs, sources }, gradient) {
    const bands = directBands({ batch, channels: inputs, height, width });
    const rows = outputs * inputs * 9;
    let partial = new Float32Array(rows * bands.total);
    let firstChannel = 0;
    for (const { x, channels, affine } of sources) {
      const input = { batch, channels, height, width };
      const normalized = affine !== undefined;
      const dispatch = directWgrad({
        input,
        firstChannel,
        inputs,
        outputs,
        bands,
        firstImage: 0,
        normalized,
      });
      ({ partial } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, gradient, partial }));
      firstChannel += channels;
    }
    const sums = { rows, length: bands.perImage * batch, rowStride: bands.total, itemStride: 1 };
    return (await runKernel(gpu, sumRows(sums), { partial, total: rows })).total;
  },
};

/** Winograd's F(4x4) in registers; the gradient of the bias is checked by its own test. */
export const FUSED: Method = {
  name: "fused",
  multiples: [4, 4],
  async run(gpu, convolution) {
    const { batch, height, width, rows, sources, flipped, firstRow, inputs, outputs, w } = convolution;
    const { bias, gate, gate_affine } = gateOperands(convolution);
    const target = { batch, channels: rows, height, width };
    let y = new Float32Array(batch * rows * height * width).fill(NaN);
    if (flipped) {
      for (let first = 0; first < outputs; first += 8) {
        const count = Math.min(8, outputs - first);
        const last = first + count === outputs;
        const epilogue = { ...(last ? convolution.epilogue : {}), add: first > 0 };
        const layer = { firstInput: firstRow, inputs, outputs };
        const dispatch = fusedDgrad({ input: target, ...layer, first, count, epilogue });
        const operands = { gradient: sources[0]!.x, w, gate, gate_affine, grad_input: y };
        ({ grad_input: y } = await runKernel(gpu, dispatch, operands));
      }
      return y;
    }
    let firstInput = 0;
    for (const { x, channels, affine } of sources) {
      for (let first = 0; first < channels; first += 8) {
        const count = Math.min(8, channels - first);
        const last = firstInput + count === inputs;
        const epilogue = { ...(last ? convolution.epilogue : {}), add: firstInput > 0 };
        const normalized = affine !== undefined;
        const range = { channels, first, count, firstInput, normalized };
        const dispatch = fusedForward({ output: target, inputs, ...range, epilogue });
        ({ y } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, w, bias, y }));
        firstInput += count;
      }
    }
    return y;
  },
  async weightGradient(gpu, layer, gradient) {
    const sums = await fusedGradients(gpu, layer, gradient);
    return sums.slice(0, layer.outputs * layer.inputs * 9);
  },
};

/** The weight gradient of {@linkcode FUSED}, OIHW, and, after padding, the bias gradient. */
export async function fusedGradients(
  gpu: Gpu,
  { batch, height, width, inputs, outputs, sources }: Convolution,
  gradient: Float32Array,
): Promise<Float32Array> {
  const bands = fusedBands({ batch, height, width }, { inputs, outputs });
  const rows = fusedRows({ inputs, outputs }).all;
  let partial = new Float32Array(rows * bands.total);
  let firstInput = 0;
  for (const { x, channels, affine } of sources) {
    const dispatch = fusedWgrad({
      input: { batch, channels, height, width },
      firstInput,
      inputs,
      outputs,
      bands,
      firstImage: 0,
      normalized: affine !== undefined,
    });
    ({ partial } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, gradient, partial }));
    firstInput += channels;
  }
  const sums = { rows, length: bands.perImage * batch, rowStride: bands.total, itemStride: 1 };
  return (await runKernel(gpu, sumRows(sums), { partial, total: rows })).total;
}

/** Maps of 4 x 4 or 2 x 2 pixels; the gradient of the bias is checked by its own test. */
export const SMALL: Method = {
  name: "small",
  multiples: [1, 1],
  channels: 16,
  async run(gpu, convolution) {
    const { batch, height, width, rows, sources, flipped, firstRow, inputs, outputs, w } = convolution;
    const { bias, gate, gate_affine } = gateOperands(convolution);
    const target = { batch, channels: rows, height, width };
    if (flipped) {
      const { gate: kind } = convolution.epilogue;
      const dispatch = smallDgrad({ input: target, firstInput: firstRow, inputs, outputs, gate: kind });
      const operands = { gradient: sources[0]!.x, w, gate, gate_affine, grad_input: size(target) };
      return (await runKernel(gpu, dispatch, operands)).grad_input;
    }
    let y = new Float32Array(size(target)).fill(NaN);
    let firstInput = 0;
    for (const { x, channels, affine } of sources) {
      const last = firstInput + channels === inputs;
      const epilogue = { ...(last ? convolution.epilogue : {}), add: firstInput > 0 };
      const range = { channels, firstInput, normalized: affine !== undefined };
      const dispatch = smallForward({ output: target, inputs, ...range, epilogue });
      ({ y } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, w, bias, y }));
      firstInput += channels;
    }
    return y;
  },
  async weightGradient(gpu, layer, gradient) {
    return (await smallGradients(gpu, layer, gradient)).total;
  },
};

/** The gradients of weights and bias by {@linkcode SMALL}, added to existing ones if there are any. */
export async function smallGradients(
  gpu: Gpu,
  { batch, height, width, inputs, outputs, sources }: Convolution,
  gradient: Float32Array,
  accumulation: Accumulation = REPLACE,
  sums: Readonly<Record<"total" | "bias_total", Float32Array>> = {
    total: new Float32Array(outputs * inputs * 9).fill(NaN),
    bias_total: new Float32Array(outputs).fill(NaN),
  },
): Promise<Readonly<Record<"total" | "bias_total", Float32Array>>> {
  let firstInput = 0;
  for (const { x, channels, affine } of sources) {
    const input = { batch, channels, height, width };
    const normalized = affine !== undefined;
    for (const dispatch of smallWgrad({ input, firstInput, inputs, outputs, normalized, accumulation })) {
      sums = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, gradient, ...sums });
    }
    firstInput += channels;
  }
  return sums;
}

/** The im2col matrix of all sources. */
async function gatherColumns(
  gpu: Gpu,
  { batch, height, width, inputs, sources }: Convolution,
  pixelsOuter: boolean,
): Promise<Float32Array> {
  let columns = new Float32Array(9 * inputs * columnCount({ batch, height, width })).fill(NaN);
  let firstChannel = 0;
  for (const { x, channels, affine } of sources) {
    const input = { batch, channels, height, width };
    const normalized = affine !== undefined;
    const dispatch = im2col({ input, firstChannel, depth: inputs, taps: 9, pixelsOuter, normalized });
    ({ columns } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, columns }));
    firstChannel += channels;
  }
  return columns;
}

/** A gradient as a matrix of channels and pixels. */
async function flattenGradient(
  gpu: Gpu,
  input: { batch: number; channels: number; height: number; width: number },
  x: Float32Array,
  pixelsOuter: boolean,
): Promise<Float32Array> {
  const { channels: depth } = input;
  const dispatch = im2col({ input, firstChannel: 0, depth, taps: 1, pixelsOuter, normalized: false });
  const columns = depth * columnCount(input);
  return (await runKernel(gpu, dispatch, { x, affine: NOTHING, columns })).columns;
}

/** Matrix products over im2col columns. */
export const IM2COL: Method = {
  name: "im2col",
  multiples: [1, 1],
  channels: 16,
  async run(gpu, convolution) {
    const { batch, height, width, inputs, outputs, w, sources } = convolution;
    const columns = columnCount(convolution);
    const target = { batch, channels: convolution.rows, height, width };
    const y = target.channels * batch * height * width;
    if (!convolution.flipped) {
      const b = await gatherColumns(gpu, convolution, false);
      const a = (await runKernel(gpu, transpose(outputs, 9 * inputs), { a: w, b: w.length })).b;
      const product = gemmNn({ rows: outputs, columns, depth: 9 * inputs, layers: 1 });
      const { c } = await runKernel(gpu, product, { a, b, c: outputs * columns });
      const dispatch = col2im(target, 0, 1, convolution.epilogue);
      return (await runKernel(gpu, dispatch, { products: c, ...gateOperands(convolution), y })).y;
    }
    const gradient = { batch, channels: outputs, height, width };
    const b = await flattenGradient(gpu, gradient, sources[0]!.x, false);
    const product = gemmNn({ rows: 9 * inputs, columns, depth: outputs, layers: 1 });
    const { c } = await runKernel(gpu, product, { a: w, b, c: 9 * inputs * columns });
    const dispatch = col2im(target, convolution.firstRow, 9, convolution.epilogue);
    return (await runKernel(gpu, dispatch, { products: c, ...gateOperands(convolution), y })).y;
  },
  async weightGradient(gpu, layer, gradient) {
    const { inputs, outputs } = layer;
    const b = await gatherColumns(gpu, layer, true);
    const a = await flattenGradient(gpu, { ...layer, channels: outputs }, gradient, true);
    const product = gemmNn({ rows: outputs, columns: 9 * inputs, depth: columnCount(layer), layers: 1 });
    return (await runKernel(gpu, product, { a, b, c: outputs * 9 * inputs })).c;
  },
};

/** Tiles per run: few, so that small maps need several runs. */
const RUN = 32;

/** Columns per split-K slice of a weight gradient. */
const SLICE = 20;

/**
 * Winograd's minimal filtering with tiles of `side` x `side`, optionally with the smaller operand in a uniform, or with
 * two neighboring values per invocation of the transforms, or with invocations that exchange values.
 */
export function winograd(side: 2 | 4, { uniform = false, pairs = false, lanes = false } = {}): Method {
  const positions = (side + 2) ** 2;
  return {
    name: `F(${side}x${side})${uniform ? ", uniform" : ""}${pairs ? ", pairs" : ""}${lanes ? ", lanes" : ""}`,
    multiples: side === 2 ? [1, 1] : [4, 4],
    async run(gpu, convolution) {
      const { batch, height, width, rows, sources, flipped, firstRow, w } = convolution;
      const depth = flipped ? convolution.outputs : convolution.inputs;
      const block = { first: firstRow, used: rows, padded: roundUp(rows, ROW_TILE) };
      const { u } = await runKernel(gpu, winogradWeight(side, convolution, block, flipped, pairs), {
        w,
        u: positions * depth * block.padded,
      });
      let y = new Float32Array(batch * rows * height * width).fill(NaN);
      for (const run of splitTiles(tile(convolution, side, pairs, lanes), RUN)) {
        let v = new Float32Array(positions * depth * run.padded).fill(NaN);
        let first = 0;
        for (const { x, channels, affine } of sources) {
          const dispatch = winogradInput(run, { channels, first, depth }, affine !== undefined);
          ({ v } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, v }));
          first += channels;
        }
        const shape = { rows: block.padded, columns: run.padded, depth, layers: positions };
        let c = new Float32Array(positions * block.padded * run.padded);
        if (!uniform) ({ c } = await runKernel(gpu, gemmNn(shape), { a: u, b: v, c }));
        const layers = uniformLayers(shape);
        for (let layer = 0; uniform && layer < positions; layer += layers) {
          const part = { ...shape, layers: Math.min(layers, positions - layer) };
          const a = u.slice(layer * block.padded * depth, (layer + part.layers) * block.padded * depth);
          ({ c } = await runKernel(gpu, gemmNnUniform(part, layer), { a, b: v, c }));
        }
        const target = { batch, channels: rows, height, width };
        const output = { target, firstChannel: 0, channels: rows, rows: block.padded, firstRow: 0 };
        const dispatch = winogradOutput(run, output, convolution.epilogue);
        ({ y } = await runKernel(gpu, dispatch, { m: c, ...gateOperands(convolution), y }));
      }
      return y;
    },
    async weightGradient(gpu, layer, gradient) {
      const { inputs, outputs, sources } = layer;
      const columns = roundUp(inputs, COLUMN_TILE);
      const runs = splitTiles(tile(layer, side, pairs), RUN);
      const slicesOf = (padded: number) => Math.ceil(padded / SLICE);
      const slices = runs.reduce((sum, { padded }) => sum + slicesOf(padded), 0);
      // Two blocks of rows if there is more than one row.
      const length = Math.ceil(outputs / 2);
      let result = new Float32Array(outputs * inputs * 9).fill(NaN);
      for (let skipped = 0; skipped < outputs; skipped += length) {
        const used = Math.min(length, outputs - skipped);
        const block = { first: skipped, used, padded: roundUp(used, ROW_TILE) };
        let c = new Float32Array(slices * positions * block.padded * columns);
        let slice = 0;
        for (const run of runs) {
          // Padding channels are never written; their contents must not reach the result.
          let v = new Float32Array(positions * columns * run.padded).fill(1e30);
          let first = 0;
          for (const { x, channels, affine } of sources) {
            const range = { channels, first, depth: columns };
            const dispatch = winogradInput(run, range, affine !== undefined, "channels");
            ({ v } = await runKernel(gpu, dispatch, { x, affine: affine ?? NOTHING, v }));
            first += channels;
          }
          const range = { channels: outputs, skipped, count: used, first: 0, depth: block.padded };
          const d = new Float32Array(positions * block.padded * run.padded).fill(1e30);
          const transformed = await runKernel(gpu, winogradGrad(run, range), { gradient, d });
          const shape = { rows: block.padded, columns, depth: run.padded, layers: positions };
          const cut = { depth: SLICE, count: slicesOf(run.padded), first: slice };
          ({ c } = await runKernel(gpu, gemmNn(shape, cut), { a: transformed.d, b: v, c }));
          slice += cut.count;
        }
        const dispatch = winogradWeightGrad(side, layer, block, columns, slices, REPLACE, pairs);
        ({ total: result } = await runKernel(gpu, dispatch, { partial: c, total: result }));
      }
      return result;
    },
  };
}
