/**
 * Direct 3 x 3 convolution, for few channels.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  directBands,
  directConv2d,
  directPack,
  directWgrad,
  packedSize,
  type PackedWeights,
} from "../../../kernels/conv2d/direct.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import type { Region } from "../../graph/recorder.ts";
import {
  type Activation,
  affineView,
  boundShapes,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "../activation.ts";
import type { Builder } from "../builder.ts";
import { sumBands } from "../parameter_gradient.ts";
import type { Conv3x3Algorithm, ConvLayer } from "./algorithm.ts";

/** Direct convolution with packed weights. */
export const direct: Conv3x3Algorithm = {
  forward(builder, layer, sources, output, epilogue) {
    const { recorder } = builder;
    const packed = packWeights(builder, layer, { flipped: false, firstRow: 0, rows: layer.outputs });
    for (const chunk of chunkBatch(recorder, boundShapes([...sources, output]))) {
      let firstChannel = 0;
      sources.forEach((source, index) => {
        const { channels } = source.shape;
        const last = index === sources.length - 1;
        recorder.run(
          directConv2d({
            output: chunkShape(output.shape, chunk),
            channels,
            firstChannel,
            depth: layer.inputs,
            normalized: source.kind === "normalized",
            epilogue: { ...(last ? epilogue : {}), add: index > 0 },
          }),
          {
            x: chunkView(source.region, source.shape, chunk),
            affine: affineView(recorder, source, chunk),
            weights: packed,
            bias: builder.weight(`${layer.name}.bias`),
            gate: recorder.nothing,
            gate_affine: recorder.nothing,
            y: chunkView(output.region, output.shape, chunk),
          },
        );
        firstChannel += channels;
      });
    }
  },

  inputGradients(builder, layer, sources, shape, gradient) {
    let firstRow = 0;
    for (const source of sources) {
      inputGradient(builder, layer, source, firstRow, shape, gradient);
      firstRow += source.shape.channels;
    }
  },

  weightGradient(builder, layer, sources, shape, gradient) {
    const { recorder } = builder;
    const bands = directBands(shape, 2 * builder.target.workgroups);
    const rows = layer.outputs * layer.inputs * 9;
    const partial = recorder.temporary(`${layer.name} partial sums`, rows * bands.total);
    for (const chunk of chunkBatch(recorder, [shape, ...boundShapes(sources)])) {
      let firstChannel = 0;
      for (const source of sources) {
        recorder.run(
          directWgrad({
            input: chunkShape(source.shape, chunk),
            firstChannel,
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
        firstChannel += source.shape.channels;
      }
    }
    sumBands(builder, { rows, bands, batch: shape.batch }, partial, builder.gradient(`${layer.name}.weight`));
  },
};

/** Records the gradient of one source, whose channels are rows `firstRow` and following of the flipped weights. */
function inputGradient(
  builder: Builder,
  layer: ConvLayer,
  source: Activation,
  firstRow: number,
  shape: Nchw,
  gradient: Region,
): void {
  const { recorder } = builder;
  const target = builder.newGradient(source, `${layer.name} input`);
  const packed = packWeights(builder, layer, { flipped: true, firstRow, rows: source.shape.channels });
  for (const chunk of chunkBatch(recorder, [shape, ...boundShapes([source])])) {
    recorder.run(
      directConv2d({
        output: chunkShape(source.shape, chunk),
        channels: layer.outputs,
        firstChannel: 0,
        depth: layer.outputs,
        normalized: false,
        epilogue: { gate: gateOf(source) },
      }),
      {
        x: chunkView(gradient, shape, chunk),
        affine: recorder.nothing,
        weights: packed,
        bias: recorder.nothing,
        ...gateViews(recorder, source, chunk),
        y: chunkView(target, source.shape, chunk),
      },
    );
  }
}

function packWeights(
  builder: Builder,
  layer: ConvLayer,
  rows: Pick<PackedWeights, "flipped" | "firstRow" | "rows">,
): Region {
  const weights = { ...layer, ...rows };
  const packed = builder.recorder.windowed(`${layer.name} packed`, packedSize(weights));
  builder.recorder.run(directPack(weights), { w: builder.weight(`${layer.name}.weight`), packed });
  return packed;
}
