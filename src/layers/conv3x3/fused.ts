/**
 * 3 x 3 convolution by Winograd in registers, for few channels on software adapters.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  FUSED_CHANNELS,
  fusedBands,
  fusedDgrad,
  fusedForward,
  fusedRows,
  fusedWgrad,
} from "../../../kernels/conv2d/fused.ts";
import { type RegionView, view } from "../../graph/recorder.ts";
import {
  affineView,
  boundShapes,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "../activation.ts";
import { sumBands } from "../parameter_gradient.ts";
import type { Conv3x3Algorithm } from "./algorithm.ts";

/** Winograd's F(4x4, 3x3) without intermediate results in memory. */
export const fused: Conv3x3Algorithm = {
  sumsBias: true,

  forward(builder, layer, sources, output, epilogue) {
    const { recorder } = builder;
    for (const chunk of chunkBatch(recorder, boundShapes([...sources, output]))) {
      let firstInput = 0;
      for (const source of sources) {
        const { channels } = source.shape;
        for (const { first, count } of rangesOf(channels)) {
          const last = firstInput + count === layer.inputs;
          recorder.run(
            fusedForward({
              output: chunkShape(output.shape, chunk),
              inputs: layer.inputs,
              channels,
              first,
              count,
              firstInput,
              normalized: source.kind === "normalized",
              epilogue: { ...(last ? epilogue : {}), add: firstInput > 0 },
            }),
            {
              x: chunkView(source.region, source.shape, chunk),
              affine: affineView(recorder, source, chunk),
              w: builder.weight(`${layer.name}.weight`),
              bias: builder.weight(`${layer.name}.bias`),
              y: chunkView(output.region, output.shape, chunk),
            },
          );
          firstInput += count;
        }
      }
    }
  },

  inputGradients(builder, layer, sources, shape, gradient) {
    const { recorder } = builder;
    let firstInput = 0;
    for (const source of sources) {
      const target = builder.newGradient(source, `${layer.name} input`);
      for (const chunk of chunkBatch(recorder, [shape, ...boundShapes([source])])) {
        for (const { first, count } of rangesOf(layer.outputs)) {
          const last = first + count === layer.outputs;
          recorder.run(
            fusedDgrad({
              input: chunkShape(source.shape, chunk),
              firstInput,
              inputs: layer.inputs,
              outputs: layer.outputs,
              first,
              count,
              epilogue: { ...(last ? { gate: gateOf(source) } : {}), add: first > 0 },
            }),
            {
              gradient: chunkView(gradient, shape, chunk),
              w: builder.weight(`${layer.name}.weight`),
              ...gateViews(recorder, source, chunk),
              grad_input: chunkView(target, source.shape, chunk),
            },
          );
        }
      }
      firstInput += source.shape.channels;
    }
  },

  weightGradient(builder, layer, sources, shape, gradient) {
    const { recorder } = builder;
    const bands = fusedBands(shape, layer);
    const rows = fusedRows(layer);
    const partial = recorder.temporary(`${layer.name} partial sums`, rows.all * bands.total);
    for (const chunk of chunkBatch(recorder, [shape, ...boundShapes(sources)])) {
      let firstInput = 0;
      for (const source of sources) {
        recorder.run(
          fusedWgrad({
            input: chunkShape(source.shape, chunk),
            firstInput,
            inputs: layer.inputs,
            outputs: layer.outputs,
            bands,
            firstImage: chunk.first,
            normalized: source.kind === "normalized",
          }),
          {
            x: chunkView(source.region, source.shape, chunk),
            affine: affineView(recorder, source, chunk),
            gradient: chunkView(gradient, shape, chunk),
            partial,
          },
        );
        firstInput += source.shape.channels;
      }
    }
    const weight = builder.gradient(`${layer.name}.weight`);
    const bias = builder.gradient(`${layer.name}.bias`);
    const count = layer.outputs * layer.inputs * 9;
    const sums = (first: number, count: number, total: RegionView) =>
      sumBands(
        builder,
        { rows: count, bands, batch: shape.batch },
        view(partial, first * bands.total, count * bands.total),
        total,
      );
    // A dispatch for both if no padding lies between them, neither here nor in the block of gradients.
    if (rows.bias === count && bias.offset === weight.offset + 4 * count) {
      sums(0, rows.all, view(weight.region, weight.offset / 4, rows.all));
    } else {
      sums(0, count, weight);
      sums(rows.bias, layer.outputs, bias);
    }
  },
};

/** Ranges of channels, of a dispatch each. */
function rangesOf(channels: number): { first: number; count: number }[] {
  const ranges = [];
  for (let first = 0; first < channels; first += FUSED_CHANNELS) {
    ranges.push({ first, count: Math.min(channels - first, FUSED_CHANNELS) });
  }
  return ranges;
}
