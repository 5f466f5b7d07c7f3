/**
 * 3 x 3 convolution by Winograd: transforms around one matrix product for each position of a transformed tile.
 * Batches are split into chunks that fit a binding, chunks into runs of tiles that fit the caches.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Epilogue } from "../../../kernels/conv2d/epilogue.ts";
import {
  type RowBlock,
  tile,
  winogradInput,
  winogradOutput,
  winogradWeight,
} from "../../../kernels/conv2d/winograd.ts";
import { ROW_TILE, rowsThatFit } from "../../../kernels/gemm/gemm.ts";
import { ceilDiv, roundUp } from "../../../kernels/grid.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import { type Region, type RegionView, view } from "../../graph/recorder.ts";
import {
  affineView,
  boundShapes,
  type Chunk,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "../activation.ts";
import type { Builder } from "../builder.ts";
import { exchanges } from "../choose.ts";
import type { Conv3x3Algorithm, ConvLayer } from "./algorithm.ts";
import { recordProduct } from "./product.ts";
import { blockRows, tileRuns } from "./tile_runs.ts";
import { winogradWeightGradient } from "./winograd_weight_gradient.ts";

/** Winograd's F(side x side, 3 x 3): each tile yields side x side outputs. */
export function winograd(side: 2 | 4): Conv3x3Algorithm {
  return {
    forward(builder, layer, sources, output, epilogue) {
      const { recorder } = builder;
      const targets = [{ shape: output.shape, epilogue }];
      const product = { side, layer, flipped: false, depth: layer.inputs, targets };
      convolve(builder, product, boundShapes([...sources, output]), (chunk) => ({
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
    },

    // One product for all sources: the gradient of the result is transformed once.
    inputGradients(builder, layer, sources, shape, gradient) {
      const { recorder } = builder;
      const targets = sources.map((source) => ({ shape: source.shape, epilogue: { gate: gateOf(source) } }));
      const product = { side, layer, flipped: true, depth: layer.outputs, targets };
      const regions = sources.map((source) => builder.newGradient(source, `${layer.name} input`));
      convolve(builder, product, [shape, ...boundShapes(sources)], (chunk) => ({
        sources: [{
          x: chunkView(gradient, shape, chunk),
          affine: recorder.nothing,
          channels: layer.outputs,
          normalized: false,
        }],
        outputs: sources.map((source, index) => ({
          bias: recorder.nothing,
          ...gateViews(recorder, source, chunk),
          y: chunkView(regions[index]!, source.shape, chunk),
        })),
      }));
    },

    weightGradient(builder, layer, sources, shape, gradient) {
      winogradWeightGradient(builder, side, layer, sources, shape, gradient);
    },
  };
}

/** A product whose rows are the channels of its targets, one target after the other. */
interface Product {
  readonly side: 2 | 4;
  readonly layer: ConvLayer;
  /** Whether the weights are flipped, as for gradients of inputs. */
  readonly flipped: boolean;
  /** Channels that are summed over. */
  readonly depth: number;
  readonly targets: readonly { readonly shape: Nchw; readonly epilogue: Epilogue }[];
}

/** What a chunk reads and writes. */
interface Operands {
  readonly sources: readonly {
    readonly x: RegionView;
    readonly affine: RegionView;
    readonly channels: number;
    readonly normalized: boolean;
  }[];
  readonly outputs: readonly Readonly<Record<"bias" | "gate" | "gate_affine" | "y", RegionView>>[];
}

/** Records transform, product and inverse transform: chunk by chunk, run by run, block of rows by block of rows. */
function convolve(
  builder: Builder,
  product: Product,
  shapes: readonly Nchw[],
  operands: (chunk: Chunk) => Operands,
): void {
  const { recorder } = builder;
  const { side, layer, flipped, depth, targets } = product;
  const rows = targets.reduce((sum, { shape }) => sum + shape.channels, 0);
  const extents = targets[0]!.shape;
  const positions = (side + 2) ** 2;
  const split = (rows: number) =>
    chunkBatch(recorder, shapes).map((chunk) => ({
      chunk,
      runs: tileRuns(
        builder.target,
        tile(chunkShape(extents, chunk), side, builder.target.pairs, exchanges(builder.target, extents)),
        Math.max(depth, rows),
      ),
    }));
  const whole = split(roundUp(rows, ROW_TILE));
  // With a single run each weight is used once, so that weights can be transformed in small blocks, in the same memory.
  const once = whole.length === 1 && whole[0]!.runs.length === 1;
  const blocks = rowBlocks(builder, layer.name, rows, 4 * positions * depth, once);
  const transformWeights = (block: RowBlock): Region => {
    const floats = positions * depth * block.padded;
    const u = recorder.windowed(`${layer.name} transformed weights`, floats);
    // Without the window behind them, which could exceed a binding.
    recorder.run(winogradWeight(side, layer, block, flipped, builder.target.pairs), {
      w: builder.weight(`${layer.name}.weight`),
      u: view(u, 0, floats),
    });
    return u;
  };
  // The weights of a single block are transformed once for all runs; several blocks are not kept at the same time.
  const only = blocks.length === 1 ? transformWeights(blocks[0]!) : undefined;
  for (const { chunk, runs } of split(blocks[0]!.padded)) {
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
        recordProduct(builder, shape, u, v, m);
        let before = 0;
        targets.forEach(({ shape, epilogue }, index) => {
          const firstRow = Math.max(block.first, before);
          const channels = Math.min(block.first + block.used, before + shape.channels) - firstRow;
          if (channels > 0) {
            const part = {
              target: chunkShape(shape, chunk),
              firstChannel: firstRow - before,
              channels,
              rows: block.padded,
              firstRow: firstRow - block.first,
            };
            recorder.run(winogradOutput(run, part, epilogue), { m, ...outputs[index]! });
          }
          before += shape.channels;
        });
      }
    }
  }
}

/** Splits the rows of a product so that their transformed weights fit a binding, or the workspace. */
function rowBlocks(
  builder: Builder,
  name: string,
  rows: number,
  rowBytes: number,
  small: boolean,
): RowBlock[] {
  const { maxBinding } = builder.target;
  const most = small ? blockRows(builder, rowBytes) : rowsThatFit(maxBinding, rowBytes);
  if (most < ROW_TILE) {
    throw new RangeError(
      `Cannot plan "${name}": ${ROW_TILE} rows of its transformed weights take ${
        rowBytes * ROW_TILE
      } bytes, ` +
        `the device binds at most ${maxBinding}\nhint: use fewer filters`,
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
