/**
 * The 3 x 3 convolution by Winograd: transforms around one matrix product for each position of a transformed tile.
 * Batches go in chunks that a binding holds, chunks in runs of tiles that the caches hold.
 *
 * @module
 */
import type { Epilogue } from "../../../kernels/conv2d/epilogue.ts";
import {
  type RowBlock,
  splitTiles,
  tile,
  type Tiling,
  winogradGrad,
  winogradInput,
  winogradOutput,
  winogradWeight,
  winogradWeightGrad,
} from "../../../kernels/conv2d/winograd.ts";
import {
  COLUMN_TILE,
  gemmNnUniform,
  type GemmShape,
  ROW_TILE,
  rowsThatFit,
} from "../../../kernels/gemm/gemm.ts";
import { SQUARE_TILE } from "../../../kernels/gemm/tile.ts";
import { ceilDiv, roundUp } from "../../../kernels/grid.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import {
  type Activation,
  affineView,
  type Chunk,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "../activation.ts";
import type { Builder } from "../builder.ts";
import { chooseProduct, slicedProduct } from "../choose.ts";
import { bound } from "./conv3x3.ts";
import { type Region, type RegionView, view } from "../../graph/recorder.ts";
import { MOST_SLICES, SlicedSum } from "./sliced_sum.ts";

/** A convolution's name and channels. */
export interface ConvLayer {
  /** Such as `down1.conv1`; parameters are `.weight` and `.bias`. */
  readonly name: string;
  /** Channels that are read. */
  readonly inputs: number;
  /** Channels that are made. */
  readonly outputs: number;
}

/** Length of the slices that the weight gradient's sum over tiles is cut into: at most, and at least. */
const SLICE = { most: 2048, least: 256 };

/** A product whose rows make the channels of its targets, one target after the other, from weights flipped or not. */
interface Product {
  readonly side: 2 | 4;
  readonly layer: ConvLayer;
  readonly flipped: boolean;
  readonly depth: number;
  readonly targets: readonly { readonly shape: Nchw; readonly epilogue: Epilogue }[];
}

/** Records the forward convolution. */
export function winogradForward(
  builder: Builder,
  side: 2 | 4,
  layer: ConvLayer,
  sources: readonly Activation[],
  output: Activation,
  epilogue: Epilogue,
): void {
  const { recorder } = builder;
  const product = {
    side,
    layer,
    flipped: false,
    depth: layer.inputs,
    targets: [{ shape: output.shape, epilogue }],
  };
  multiply(builder, product, bound([...sources, output]), (chunk) => ({
    sources: sources.map((source) => ({
      x: chunkView(source.region, source.shape, chunk),
      affine: affineView(recorder, source, chunk),
      channels: source.shape.channels,
      normalized: source.kind === "normalized",
    })),
    outputs: [{
      bias: builder.weight(`${layer.name}.bias`),
      gate: recorder.nothing,
      gate_affine: recorder.nothing,
      y: chunkView(output.region, output.shape, chunk),
    }],
  }));
}

/** Records the gradients of all sources by one product: the gradient that they are made of is transformed once. */
export function winogradInputGradients(
  builder: Builder,
  side: 2 | 4,
  layer: ConvLayer,
  sources: readonly Activation[],
  shape: Nchw,
  gradient: Region,
): void {
  const { recorder } = builder;
  const product = {
    side,
    layer,
    flipped: true,
    depth: layer.outputs,
    targets: sources.map((source) => ({ shape: source.shape, epilogue: { gate: gateOf(source) } })),
  };
  const targets = sources.map((source) => builder.newGradient(source, `${layer.name} input`));
  multiply(builder, product, [shape, ...bound(sources)], (chunk) => ({
    sources: [{
      x: chunkView(gradient, shape, chunk),
      affine: recorder.nothing,
      channels: layer.outputs,
      normalized: false,
    }],
    outputs: sources.map((source, index) => ({
      bias: recorder.nothing,
      ...gateViews(recorder, source, chunk),
      y: chunkView(targets[index]!, source.shape, chunk),
    })),
  }));
}

interface Operands {
  readonly sources: readonly {
    readonly x: RegionView;
    readonly affine: RegionView;
    readonly channels: number;
    readonly normalized: boolean;
  }[];
  readonly outputs: readonly Readonly<Record<"bias" | "gate" | "gate_affine" | "y", RegionView>>[];
}

/** Transforms, multiplies and transforms back, chunk by chunk, run by run, block of rows by block of rows. */
function multiply(
  builder: Builder,
  product: Product,
  boundShapes: readonly Nchw[],
  operands: (chunk: Chunk) => Operands,
): void {
  const { recorder } = builder;
  const { side, layer, flipped, depth, targets } = product;
  const rows = targets.reduce((sum, { shape }) => sum + shape.channels, 0);
  const extents = targets[0]!.shape;
  const positions = (side + 2) ** 2;
  const cut = (rows: number) =>
    chunkBatch(recorder, boundShapes).map((chunk) => ({
      chunk,
      runs: runs(builder, tile(chunkShape(extents, chunk), side), Math.max(depth, rows)),
    }));
  const whole = cut(roundUp(rows, ROW_TILE));
  // Tiles that are done at once need each weight once: they can be transformed little by little, in the same memory.
  const once = whole.length === 1 && whole[0]!.runs.length === 1;
  const room = once ? Math.min(recorder.maxBinding, builder.target.workspace) : recorder.maxBinding;
  const blocks = rowBlocks(layer.name, rows, 4 * positions * depth, room, recorder.maxBinding);
  const transformWeights = (block: RowBlock): Region => {
    const floats = positions * depth * block.padded;
    const u = recorder.windowed(`${layer.name} transformed weights`, floats);
    // The window behind them is not bound here: with it they could exceed what a binding holds.
    recorder.run(winogradWeight(side, layer, block, flipped), {
      w: builder.weight(`${layer.name}.weight`),
      u: view(u, 0, floats),
    });
    return u;
  };
  // One block's weights are transformed once for all runs; several would not fit side by side.
  const only = blocks.length === 1 ? transformWeights(blocks[0]!) : undefined;
  for (const { chunk, runs } of cut(blocks[0]!.padded)) {
    const { sources, outputs } = operands(chunk);
    for (const run of runs) {
      const v = recorder.temporary(`${layer.name} transformed input`, positions * depth * run.padded);
      let first = 0;
      for (const { x, affine, channels, normalized } of sources) {
        recorder.run(winogradInput(run, { channels, first, depth }, normalized), { x, affine, v });
        first += channels;
      }
      for (const block of blocks) {
        const u = only ?? transformWeights(block);
        const shape = { rows: block.padded, columns: run.padded, depth, layers: positions };
        const m = recorder.temporary(`${layer.name} products`, positions * block.padded * run.padded);
        recordGemm(builder, shape, u, v, m);
        let before = 0;
        targets.forEach(({ shape, epilogue }, index) => {
          const firstRow = Math.max(block.first, before);
          const channels = Math.min(block.first + block.used, before + shape.channels) - firstRow;
          if (channels > 0) {
            const made = {
              target: chunkShape(shape, chunk),
              firstChannel: firstRow - before,
              channels,
              rows: block.padded,
              firstRow: firstRow - block.first,
            };
            recorder.run(winogradOutput(run, made, epilogue), { m, ...outputs[index]! });
          }
          before += shape.channels;
        });
      }
    }
  }
}

/** Records `c = a b` for every layer, with `a` as uniform windows where that is chosen. */
export function recordGemm(
  builder: Builder,
  shape: GemmShape,
  a: Region,
  b: Region,
  c: Region,
): void {
  const { recorder } = builder;
  const chosen = chooseProduct(builder.target, shape);
  if ("dispatch" in chosen) {
    recorder.run(chosen.dispatch, { a: withoutWindow(shape, a), b, c });
    return;
  }
  const layers = chosen.uniformLayers;
  for (let first = 0; first < shape.layers; first += layers) {
    const part = { ...shape, layers: Math.min(layers, shape.layers - first) };
    recorder.run(gemmNnUniform(part, first), { a: view(a, first * shape.rows * shape.depth), b, c });
  }
}

function withoutWindow(shape: GemmShape, a: Region): RegionView {
  return view(a, 0, shape.layers * shape.rows * shape.depth);
}

/** Cuts the rows of a product so that transformed weights fit `room`, or else one binding. */
function rowBlocks(
  name: string,
  rows: number,
  rowBytes: number,
  room: number,
  maxBinding: number,
): RowBlock[] {
  const most = rowsThatFit(room, rowBytes) || Math.min(ROW_TILE, rowsThatFit(maxBinding, rowBytes));
  if (most < ROW_TILE) {
    throw new RangeError(
      `Cannot plan "${name}": ${ROW_TILE} rows of its transformed weights take ` +
        `${rowBytes * ROW_TILE} bytes, the device binds ${maxBinding} at once\nhint: use fewer filters`,
    );
  }
  const count = ceilDiv(roundUp(rows, ROW_TILE), most);
  const length = roundUp(ceilDiv(rows, count), ROW_TILE);
  const blocks: RowBlock[] = [];
  for (let first = 0; first < rows; first += length) {
    const used = Math.min(length, rows - first);
    blocks.push({ first, used, padded: roundUp(used, ROW_TILE) });
  }
  return blocks;
}

/** Cuts a chunk's tiles into runs whose transformed tensors of `channels` stay within the workspace. */
function runs(builder: Builder, tiling: Tiling, channels: number): Tiling[] {
  const { workspace, maxBinding } = builder.target;
  return splitTiles(tiling, Math.min(workspace, maxBinding) / (tiling.positions * channels * 4));
}

/** Records the weight gradient: products of transformed gradient and input, summed over tiles in slices. */
export function winogradWeightGradient(
  builder: Builder,
  side: 2 | 4,
  layer: ConvLayer,
  sources: readonly Activation[],
  shape: Nchw,
  gradient: Region,
): void {
  const { recorder } = builder;
  const columns = roundUp(layer.inputs, COLUMN_TILE);
  const chunks = chunkBatch(recorder, [shape, ...bound(sources)]).map((chunk) => ({
    chunk,
    runs: runs(builder, tile(chunkShape(shape, chunk), side), Math.max(columns, layer.outputs)),
  }));
  const positions = (side + 2) ** 2;
  // The fewer products there are, the more slices keep the device busy.
  const products = positions * ceilDiv(layer.outputs, SQUARE_TILE.rows) *
    ceilDiv(columns, SQUARE_TILE.columns);
  const wanted = ceilDiv(builder.target.workgroups, products);
  const evenly = roundUp(ceilDiv(chunks[0]!.runs[0]!.padded, wanted), ROW_TILE);
  const depth = Math.min(SLICE.most, Math.max(SLICE.least, evenly));
  const counts = chunks.flatMap(({ runs }) => runs.map(({ padded }) => ceilDiv(padded, depth)));
  const sideBySide = wanted > 1 ? wanted : MOST_SLICES;
  const kept = Math.min(Math.max(sideBySide, ...counts), counts.reduce((sum, count) => sum + count, 0));
  const most = Math.max(ROW_TILE, rowsThatFit(recorder.maxBinding, positions * columns * kept * 4));
  for (let firstRow = 0; firstRow < layer.outputs; firstRow += most) {
    const used = Math.min(most, layer.outputs - firstRow);
    const block = { first: firstRow, used, padded: roundUp(used, ROW_TILE) };
    const floats = positions * block.padded * columns;
    const sum = new SlicedSum(recorder, `${layer.name} partial sums`, floats, counts, sideBySide);
    for (const { chunk, runs } of chunks) {
      for (const run of runs) {
        const count = ceilDiv(run.padded, depth);
        const { region, first: slice } = sum.take(count);
        const product = slicedProduct(
          builder.target,
          { rows: block.padded, columns, depth: run.padded, layers: positions },
          { depth, count, first: slice },
        );
        const inner = product.inner === "k" ? "tiles" : "channels";
        const v = recorder.temporary(`${layer.name} transformed input`, positions * columns * run.padded);
        let first = 0;
        for (const source of sources) {
          const { channels } = source.shape;
          const normalized = source.kind === "normalized";
          recorder.run(winogradInput(run, { channels, first, depth: columns }, normalized, inner), {
            x: chunkView(source.region, source.shape, chunk),
            affine: affineView(recorder, source, chunk),
            v,
          });
          first += channels;
        }
        const d = recorder.temporary(
          `${layer.name} transformed gradient`,
          positions * block.padded * run.padded,
        );
        const range = {
          channels: layer.outputs,
          skipped: firstRow,
          count: used,
          first: 0,
          depth: block.padded,
        };
        recorder.run(winogradGrad(run, range, inner), { gradient: chunkView(gradient, shape, chunk), d });
        recorder.run(product.dispatch, { a: d, b: v, c: region });
      }
    }
    const partial = sum.finish();
    const accumulation = builder.accumulation;
    recorder.run(winogradWeightGrad(side, layer, block, columns, partial.count, accumulation), {
      partial: partial.region,
      total: builder.gradient(`${layer.name}.weight`),
    });
  }
}
