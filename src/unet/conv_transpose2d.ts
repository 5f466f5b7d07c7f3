/**
 * The 2 x 2 transposed convolution of a plan.
 *
 * @module
 */
import {
  type Columns,
  packColumns,
  packWeights,
  shuffleOutput,
  unpackGradient,
  unshuffleGradient,
} from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import { COLUMN_TILE, ROW_TILE } from "../../kernels/gemm/gemm.ts";
import { ceilDiv, roundUp } from "../../kernels/grid.ts";
import {
  type Activation,
  affineView,
  type Chunk,
  chunkBatch,
  chunkView,
  gateOf,
  gateViews,
} from "./activation.ts";
import type { Builder } from "./builder.ts";
import { rowSums, slicedProduct } from "./choose.ts";
import { bound } from "./conv3x3.ts";
import { biasGradient, gradientOf } from "./layers.ts";
import { recordGemm } from "./winograd.ts";

/** Length of the slices that the weight gradient's sum over pixels is cut into. */
const SLICE = 2048;

/** Doubles height and width: every pixel makes a 2 x 2 patch; no ReLU. */
export function convTranspose2d(
  builder: Builder,
  name: string,
  source: Activation,
  outputs: number,
): Activation {
  const { recorder } = builder;
  const { channels: inputs, height, width, batch } = source.shape;
  const shape = { batch, channels: outputs, height: 2 * height, width: 2 * width };
  const output = builder.activation(name, shape, "plain");
  const layer = { inputs, outputs };
  const rows = roundUp(4 * outputs, ROW_TILE);
  // Padding makes the matrices a little larger than the tensors: count it in where batches are cut.
  const padded = (chunk: Chunk): Columns => {
    const count = chunk.count * height * width;
    return { height, width, count, stride: roundUp(count, COLUMN_TILE) };
  };
  const chunks = chunkBatch(recorder, [
    ...bound([source, output]),
    { batch, channels: rows, height, width },
    { batch, channels: roundUp(inputs, ROW_TILE), height, width },
  ]);
  const packInput = (chunk: Chunk, depth = 0) => {
    const columns = padded(chunk);
    const packed = recorder.temporary(`${name} columns`, (depth || inputs) * columns.stride);
    recorder.run(packColumns(columns, inputs, source.kind === "normalized", depth), {
      x: chunkView(source.region, source.shape, chunk),
      affine: affineView(recorder, source, chunk),
      packed,
    });
    return { columns, packed };
  };
  const packWeight = (paddedRows: number, turned: boolean) => {
    const depth = turned ? 4 * outputs : inputs;
    const packed = recorder.windowed(`${name} packed weights`, depth * paddedRows);
    recorder.run(packWeights(layer, paddedRows, turned), { w: builder.weight(`${name}.weight`), packed });
    return packed;
  };

  const weights = packWeight(rows, false);
  for (const chunk of chunks) {
    const { columns, packed } = packInput(chunk);
    const m = recorder.temporary(`${name} products`, rows * columns.stride);
    recordGemm(
      builder,
      { rows, columns: columns.stride, depth: inputs, layers: 1 },
      weights,
      packed,
      m,
    );
    recorder.run(shuffleOutput(columns, outputs), {
      m,
      bias: builder.weight(`${name}.bias`),
      y: chunkView(output.region, shape, chunk),
    });
  }

  builder.onBackward(() => {
    const gradient = gradientOf(output, name);
    biasGradient(builder, name, shape, gradient);
    const slices = chunks.reduce((sum, chunk) => sum + ceilDiv(padded(chunk).stride, SLICE), 0);
    const paddedInputs = roundUp(inputs, ROW_TILE);
    const paddedColumns = roundUp(4 * outputs, COLUMN_TILE);
    const partial = recorder.temporary(`${name} partial sums`, slices * paddedInputs * paddedColumns);
    const inputRows = roundUp(inputs, ROW_TILE);
    const turned = packWeight(inputRows, true);
    const target = builder.newGradient(source, name);
    let slice = 0;
    for (const chunk of chunks) {
      const { columns, packed } = packInput(chunk, paddedInputs);
      const gather = (depth: number) => {
        const gathered = recorder.temporary(
          `${name} gathered gradient`,
          (depth || 4 * outputs) * columns.stride,
        );
        recorder.run(unshuffleGradient(columns, outputs, depth), {
          gradient: chunkView(gradient, shape, chunk),
          packed: gathered,
        });
        return gathered;
      };
      const count = ceilDiv(columns.stride, SLICE);
      recorder.run(
        slicedProduct(
          builder.target,
          { rows: paddedInputs, columns: paddedColumns, depth: columns.stride, layers: 1 },
          { depth: SLICE, count, first: slice },
        ),
        { a: packed, b: gather(paddedColumns), c: partial },
      );
      slice += count;
      const m = recorder.temporary(`${name} input products`, inputRows * columns.stride);
      recordGemm(
        builder,
        { rows: inputRows, columns: columns.stride, depth: 4 * outputs, layers: 1 },
        turned,
        gather(0),
        m,
      );
      recorder.run(unpackGradient(columns, inputs, { gate: gateOf(source) }, source.gradientScale), {
        m,
        ...gateViews(recorder, source, chunk),
        gradient: chunkView(target, source.shape, chunk),
      });
    }
    // The partial products are padded to whole tiles, the weights are not.
    recorder.run(
      rowSums(builder.target, {
        rows: inputs * 4 * outputs,
        length: slices,
        group: 4 * outputs,
        groupStride: paddedColumns,
        rowStride: 1,
        itemStride: paddedInputs * paddedColumns,
      }),
      { partial, total: builder.gradient(`${name}.weight`) },
    );
  });
  return output;
}
