/**
 * 3 x 3 convolution of a deep layer as matrix products over columns of pixels.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { col2im, columnCount, im2col as gather } from "../../../kernels/conv2d/im2col.ts";
import { ROW_TILE, rowsThatFit, transpose } from "../../../kernels/gemm/gemm.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import { type Region, view } from "../../graph/recorder.ts";
import { type Activation, affineView, gateOf, gateViews } from "../activation.ts";
import type { Builder } from "../builder.ts";
import { im2colProduct } from "../choose.ts";
import type { Conv3x3Algorithm, ConvLayer } from "./algorithm.ts";

/** Convolution by im2col: the whole batch in one product. */
export const im2col: Conv3x3Algorithm = {
  forward(builder, layer, sources, output, epilogue) {
    const { recorder } = builder;
    const { inputs, outputs } = layer;
    const width = columnCount(output.shape);
    const columns = sourceColumns(builder, layer, sources, false);
    const products = recorder.temporary(`${layer.name} products`, outputs * width);
    const depth = 9 * inputs;
    const block = Math.max(ROW_TILE, rowsThatFit(builder.target.workspace, 4 * depth));
    const weight = builder.weight(`${layer.name}.weight`);
    // Block by block, in the same memory: a block fits the caches, and no more memory is needed than for one.
    for (let first = 0; first < outputs; first += block) {
      const rows = Math.min(block, outputs - first);
      const transposed = recorder.temporary(`${layer.name} transposed weights`, depth * rows);
      const part = view(weight.region, weight.offset / 4 + first * depth, rows * depth);
      recorder.run(transpose(rows, depth), { a: part, b: transposed });
      recorder.run(im2colProduct(builder.target, { rows, columns: width, depth, layers: 1 }), {
        a: transposed,
        b: columns,
        c: view(products, first * width, rows * width),
      });
    }
    recorder.run(col2im(output.shape, 0, 1, epilogue), {
      products,
      bias: builder.weight(`${layer.name}.bias`),
      gate: recorder.nothing,
      gate_affine: recorder.nothing,
      y: output.region,
    });
  },

  inputGradients(builder, layer, sources, shape, gradient) {
    const { recorder } = builder;
    const rows = 9 * layer.inputs;
    const width = columnCount(shape);
    const products = recorder.temporary(`${layer.name} input products`, rows * width);
    recorder.run(im2colProduct(builder.target, { rows, columns: width, depth: layer.outputs, layers: 1 }), {
      a: builder.weight(`${layer.name}.weight`),
      b: gradientColumns(builder, layer, shape, gradient, false),
      c: products,
    });
    let firstChannel = 0;
    for (const source of sources) {
      const whole = { first: 0, count: source.shape.batch };
      recorder.run(col2im(source.shape, firstChannel, 9, { gate: gateOf(source) }), {
        products,
        bias: recorder.nothing,
        ...gateViews(recorder, source, whole),
        y: builder.newGradient(source, `${layer.name} input`),
      });
      firstChannel += source.shape.channels;
    }
  },

  // The product writes straight into the block of gradients.
  weightGradient(builder, layer, sources, shape, gradient) {
    const columns = sourceColumns(builder, layer, sources, true);
    const product = { rows: layer.outputs, columns: 9 * layer.inputs, depth: columnCount(shape), layers: 1 };
    builder.recorder.run(im2colProduct(builder.target, product, builder.accumulation), {
      a: gradientColumns(builder, layer, shape, gradient, true),
      b: columns,
      c: builder.gradient(`${layer.name}.weight`),
    });
  },
};

/** The 3 x 3 neighborhoods of all sources' pixels, as a matrix. */
function sourceColumns(
  builder: Builder,
  layer: ConvLayer,
  sources: readonly Activation[],
  pixelsOuter: boolean,
): Region {
  const { recorder } = builder;
  const { shape } = sources[0]!;
  const columns = recorder.temporary(`${layer.name} columns`, 9 * layer.inputs * columnCount(shape));
  let firstChannel = 0;
  for (const source of sources) {
    const normalized = source.kind === "normalized";
    recorder.run(
      gather({ input: source.shape, firstChannel, depth: layer.inputs, taps: 9, pixelsOuter, normalized }),
      {
        x: view(source.region),
        affine: affineView(recorder, source, { first: 0, count: source.shape.batch }),
        columns,
      },
    );
    firstChannel += source.shape.channels;
  }
  return columns;
}

/** The result's gradient as a matrix of channels and pixels. */
function gradientColumns(
  builder: Builder,
  layer: ConvLayer,
  shape: Nchw,
  gradient: Region,
  pixelsOuter: boolean,
): Region {
  const { recorder } = builder;
  const { outputs } = layer;
  const columns = recorder.temporary(`${layer.name} gradient columns`, outputs * columnCount(shape));
  const input = { ...shape, channels: outputs };
  recorder.run(
    gather({ input, firstChannel: 0, depth: outputs, taps: 1, pixelsOuter, normalized: false }),
    { x: gradient, affine: recorder.nothing, columns },
  );
  return columns;
}
