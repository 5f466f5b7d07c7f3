/**
 * The 3 x 3 convolution of a plan: forward, weight gradient and input gradient, by the direct kernels or by Winograd.
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
import type { Epilogue } from "../../../kernels/conv2d/epilogue.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import type { ConvVariant } from "../../../kernels/variants.ts";
import {
  type Activation,
  affineView,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "../activation.ts";
import type { Builder } from "../builder.ts";
import { chooseConv, rowSums } from "../choose.ts";
import { im2colForward, im2colInputGradient, im2colWeightGradient } from "./im2col.ts";
import type { Region } from "../../graph/recorder.ts";
import {
  type ConvLayer,
  winogradForward,
  winogradInputGradients,
  winogradWeightGradient,
} from "./winograd.ts";

/** Records y = epilogue(convolution of the sources' channels, one after the other). */
export function convForward(
  builder: Builder,
  layer: ConvLayer,
  sources: readonly Activation[],
  output: Activation,
  epilogue: Epilogue,
): void {
  const weights = { ...layer, flipped: false, firstRow: 0, rows: layer.outputs };
  const variant = chooseConv(builder.target, builder.wholeBatch(output.shape), weights);
  if (variant === "im2col") return im2colForward(builder, layer, sources, output, epilogue);
  if (variant !== "direct") {
    winogradForward(builder, sideOf(variant), layer, sources, output, epilogue);
    return;
  }
  const { recorder } = builder;
  const packed = recorder.windowed(`${layer.name} packed`, packedSize(weights));
  recorder.run(directPack(weights), { w: builder.weight(`${layer.name}.weight`), packed });
  for (const chunk of chunkBatch(recorder, bound([...sources, output]))) {
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
}

/** Records the weight gradient from the gradient of the convolution's result. */
export function convWeightGradient(
  builder: Builder,
  layer: ConvLayer,
  sources: readonly Activation[],
  shape: Nchw,
  gradient: Region,
): void {
  const weights = { ...layer, flipped: false, firstRow: 0, rows: layer.outputs };
  const variant = chooseConv(builder.target, builder.wholeBatch(shape), weights);
  if (variant === "im2col") return im2colWeightGradient(builder, layer, sources, shape, gradient);
  if (variant !== "direct") {
    winogradWeightGradient(builder, sideOf(variant), layer, sources, shape, gradient);
    return;
  }
  const { recorder } = builder;
  const bands = directBands(shape, 2 * builder.target.workgroups);
  const rows = layer.outputs * layer.inputs * 9;
  const partial = recorder.temporary(`${layer.name} partial sums`, rows * bands.total);
  for (const chunk of chunkBatch(recorder, [shape, ...bound(sources)])) {
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
  recorder.run(
    rowSums(builder.target, {
      rows,
      length: bands.perImage * shape.batch,
      rowStride: bands.total,
      itemStride: 1,
      accumulation: builder.accumulation,
    }),
    { partial, total: builder.gradient(`${layer.name}.weight`) },
  );
}

/** Records the gradients of all sources. */
export function convInputGradients(
  builder: Builder,
  layer: ConvLayer,
  sources: readonly Activation[],
  shape: Nchw,
  gradient: Region,
): void {
  const weights = { ...layer, flipped: true, firstRow: 0, rows: layer.inputs };
  const variant = chooseConv(builder.target, builder.wholeBatch(shape), weights);
  if (variant === "im2col") return im2colInputGradient(builder, layer, sources, shape, gradient);
  if (variant !== "direct") {
    winogradInputGradients(builder, sideOf(variant), layer, sources, shape, gradient);
    return;
  }
  let firstRow = 0;
  for (const source of sources) {
    const rows = source.shape.channels;
    directInputGradient(builder, layer, source, { ...weights, firstRow, rows }, shape, gradient);
    firstRow += rows;
  }
}

/** Records the gradient of one source, whose channels are the rows of the weights. */
function directInputGradient(
  builder: Builder,
  layer: ConvLayer,
  source: Activation,
  weights: PackedWeights,
  shape: Nchw,
  gradient: Region,
): void {
  const target = builder.newGradient(source, `${layer.name} input`);
  const { recorder } = builder;
  const packed = recorder.windowed(`${layer.name} packed`, packedSize(weights));
  recorder.run(directPack(weights), { w: builder.weight(`${layer.name}.weight`), packed });
  for (const chunk of chunkBatch(recorder, [shape, ...bound([source])])) {
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

function sideOf(variant: Exclude<ConvVariant, "direct" | "im2col">): 2 | 4 {
  return variant === "winograd4" ? 4 : 2;
}

/** What a layer binds of its tensors by images: the values, and the scales and shifts of normalised ones. */
export function bound(activations: readonly Activation[]): Nchw[] {
  return activations.flatMap(({ shape, affine }) =>
    affine ? [shape, { batch: shape.batch, channels: 2 * shape.channels, height: 1, width: 1 }] : [shape]
  );
}
