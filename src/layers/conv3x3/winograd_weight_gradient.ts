/**
 * The weight gradient by Winograd: a split-K GEMM of transformed gradient and transformed input, summed over tiles.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  type InnerDimension,
  tile,
  type Tiling,
  winogradGrad,
  winogradInput,
  winogradWeightGrad,
} from "../../../kernels/conv2d/winograd.ts";
import { COLUMN_TILE, ROW_TILE, rowsThatFit } from "../../../kernels/gemm/gemm.ts";
import { SQUARE_TILE } from "../../../kernels/gemm/tile.ts";
import { ceilDiv, roundUp } from "../../../kernels/grid.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import type { Region } from "../../graph/recorder.ts";
import {
  type Activation,
  affineView,
  boundShapes,
  type Chunk,
  chunkBatch,
  chunkShape,
  chunkView,
} from "../activation.ts";
import type { Builder } from "../builder.ts";
import { splitKProduct } from "../choose.ts";
import type { ConvLayer } from "./algorithm.ts";
import { MOST_SLICES, SplitKSum } from "./split_k_sum.ts";
import { blockRows, tileRuns } from "./tile_runs.ts";

/** Tiles that one slice of the sum covers: at most, and at least. */
const SLICE = { most: 2048, least: 256 };

/** Records the gradient of the weights from the gradient of the convolution's result. */
export function winogradWeightGradient(
  builder: Builder,
  side: 2 | 4,
  layer: ConvLayer,
  sources: readonly Activation[],
  shape: Nchw,
  gradient: Region,
): void {
  const { recorder, target } = builder;
  const columns = roundUp(layer.inputs, COLUMN_TILE);
  const chunks = chunkBatch(recorder, [shape, ...boundShapes(sources)]).map((chunk) => ({
    chunk,
    runs: tileRuns(
      target,
      tile(chunkShape(shape, chunk), side, target.pairs),
      Math.max(columns, layer.outputs),
    ),
  }));
  const positions = (side + 2) ** 2;
  // The fewer tiles of the result there are, the more slices it takes to keep the device busy.
  const products = positions * ceilDiv(layer.outputs, SQUARE_TILE.rows) *
    ceilDiv(columns, SQUARE_TILE.columns);
  const wanted = ceilDiv(target.workgroups, products);
  const evenly = roundUp(ceilDiv(chunks[0]!.runs[0]!.padded, wanted), ROW_TILE);
  const depth = Math.min(SLICE.most, Math.max(SLICE.least, evenly));
  const counts = chunks.flatMap(({ runs }) => runs.map(({ padded }) => ceilDiv(padded, depth)));
  const mostSlices = wanted > 1 ? wanted : MOST_SLICES;
  const kept = Math.min(Math.max(mostSlices, ...counts), counts.reduce((sum, count) => sum + count, 0));
  // With a single run the input is transformed once for all blocks of rows, so that these can be small.
  const once = counts.length === 1;
  const rowBytes = positions * columns * kept * 4;
  const fitting = once ? blockRows(builder, rowBytes) : rowsThatFit(recorder.maxBinding, rowBytes);
  const count = ceilDiv(layer.outputs, Math.max(ROW_TILE, fitting));
  const most = roundUp(ceilDiv(layer.outputs, count), ROW_TILE);
  let input: Region | undefined;
  for (let firstRow = 0; firstRow < layer.outputs; firstRow += most) {
    const used = Math.min(most, layer.outputs - firstRow);
    const block = { first: firstRow, used, padded: roundUp(used, ROW_TILE) };
    const floats = positions * block.padded * columns;
    const sum = new SplitKSum(recorder, `${layer.name} partial sums`, floats, counts, mostSlices);
    for (const { chunk, runs } of chunks) {
      for (const run of runs) {
        const count = ceilDiv(run.padded, depth);
        const { region, first: slice } = sum.take(count);
        const product = splitKProduct(
          target,
          { rows: block.padded, columns, depth: run.padded, layers: positions },
          { depth, count, first: slice },
        );
        const inner = product.inner === "k" ? "tiles" : "channels";
        const v = input ?? transformInput(builder, layer, sources, { chunk, run, columns, inner });
        if (once) input = v;
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
    const { accumulation } = builder;
    recorder.run(winogradWeightGrad(side, layer, block, columns, partial.count, accumulation, target.pairs), {
      partial: partial.region,
      total: builder.gradient(`${layer.name}.weight`),
    });
  }
}

/** Records the transform of all sources' channels. */
function transformInput(
  { recorder }: Builder,
  layer: ConvLayer,
  sources: readonly Activation[],
  { chunk, run, columns, inner }: { chunk: Chunk; run: Tiling; columns: number; inner: InnerDimension },
): Region {
  const v = recorder.temporary(`${layer.name} transformed input`, run.positions * columns * run.padded);
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
  return v;
}
