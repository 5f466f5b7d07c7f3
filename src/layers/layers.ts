/**
 * The layers of the network, forward and backward of each kind side by side. A layer records its forward steps at
 * once and registers its backward, which the plan runs in reverse.
 *
 * @module
 */
import { pixelBands } from "../../kernels/bands.ts";
import { conv1x1Dgrad, conv1x1Forward, conv1x1Wgrad } from "../../kernels/conv1x1/conv1x1.ts";
import { dropoutForward } from "../../kernels/dropout/dropout.ts";
import { maxPoolBackward, maxPoolForward } from "../../kernels/max_pool2d/max_pool2d.ts";
import { channelSums, channelTotals, SMALL_CHANNEL } from "../../kernels/reduce/reduce.ts";
import { imageSize, type Nchw } from "../../kernels/shape.ts";
import {
  type Activation,
  affineView,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "./activation.ts";
import type { Builder } from "./builder.ts";
import { rowSums } from "./choose.ts";
import { bound, convForward, convInputGradients, convWeightGradient } from "./conv3x3/conv3x3.ts";
import { normalize } from "./instance_norm.ts";
import { type Region, view } from "../graph/recorder.ts";

/**
 * 3 x 3 convolution with zero padding 1 over the channels of one or two tensors, the configured normalisation, and
 * ReLU. `block` and `index` name it: `down1`, 1 is `down1.conv1` with `down1.norm1`.
 */
export function conv2d(
  builder: Builder,
  block: string,
  index: 1 | 2,
  sources: readonly Activation[],
  outputs: number,
): Activation {
  const name = `${block}.conv${index}`;
  const normalized = builder.config.norm === "instance";
  const inputs = sources.reduce((sum, { shape }) => sum + shape.channels, 0);
  const layer = { name, inputs, outputs };
  const shape = { ...sources[0]!.shape, channels: outputs };
  const raw = builder.activation(name, shape, normalized ? "normalized" : "relu");
  convForward(builder, layer, sources, raw, { bias: true, relu: !normalized });
  builder.onBackward(() => {
    const gradient = gradientOf(output, name);
    biasGradient(builder, name, shape, gradient);
    for (const source of sources) source.restore?.();
    convWeightGradient(builder, layer, sources, shape, gradient);
    // The image, which needs no gradient, is always alone.
    if (!isImage(sources[0]!)) convInputGradients(builder, layer, sources, shape, gradient);
  });
  const output = normalized ? normalize(builder, `${block}.norm${index}`, raw) : raw;
  return output;
}

/** 2 x 2 max-pooling with stride 2. */
export function maxPool2d(builder: Builder, source: Activation): Activation {
  const { recorder } = builder;
  const shape = { ...source.shape, height: source.shape.height / 2, width: source.shape.width / 2 };
  const output = builder.activation("max-pool", shape, "plain");
  const chunks = chunkBatch(recorder, bound([source, output])).map((chunk) => ({
    chunk,
    planes: { height: shape.height, width: shape.width, count: chunk.count * shape.channels },
    x: chunkView(source.region, source.shape, chunk),
    affine: affineView(recorder, source, chunk),
  }));
  const normalized = source.kind === "normalized";
  emitRestorably(builder, output, () => {
    for (const { chunk, planes, ...views } of chunks) {
      const y = chunkView(output.region, shape, chunk);
      recorder.run(maxPoolForward(planes, normalized), { ...views, y });
    }
  });
  builder.onBackward(() => {
    const gradient = gradientOf(output, "max-pool");
    const target = gradientOf(source, "skip");
    for (const { chunk, planes, ...views } of chunks) {
      recorder.run(maxPoolBackward(planes, normalized), {
        ...views,
        gradient: chunkView(gradient, shape, chunk),
        grad_input: chunkView(target, source.shape, chunk),
      });
    }
  });
  return output;
}

/** Size from which a tensor is made anew and not kept. */
const RESTORED_BYTES = 2 ** 20;

/**
 * Records a tensor that its one reader's backward makes anew, bit for bit: the maps that pooling and transposed
 * convolutions make are a fifth of what a training step would have to keep, and take about a hundredth of its time.
 * A small one is kept: there is nothing to be gained.
 */
export function emitRestorably(builder: Builder, output: Activation, emit: () => void): void {
  emit();
  if (output.region.byteLength < RESTORED_BYTES) return;
  output.restore = () => {
    output.region = builder.activation(`${output.region.label} anew`, output.shape, output.kind).region;
    emit();
  };
}

/** Inverted dropout in a training plan, nothing else. */
export function dropout(builder: Builder, source: Activation): Activation {
  const probability = builder.config.dropout;
  if (!builder.training || probability === 0) return source;
  const { recorder } = builder;
  const { shape } = source;
  const output: Activation = {
    ...builder.activation("dropout", shape, "relu"),
    gradientScale: 1 / (1 - probability),
  };
  for (const chunk of chunkBatch(recorder, bound([source, output]))) {
    const planes = {
      pixels: shape.height * shape.width,
      count: chunk.count * shape.channels,
      firstElement: chunk.first * imageSize(shape),
      imageElements: imageSize(shape),
    };
    recorder.run(dropoutForward(planes, probability, source.kind === "normalized"), {
      x: chunkView(source.region, shape, chunk),
      affine: affineView(recorder, source, chunk),
      y: chunkView(output.region, shape, chunk),
      step: view(builder.step, 0, 12),
    });
  }
  // The result's gate and scale already lead back to what the source's ReLU was applied to.
  builder.onBackward(() => source.gradient = gradientOf(output, "dropout"));
  return output;
}

/** 1 x 1 convolution to the logits. */
export function conv1x1(builder: Builder, name: string, source: Activation, outputs: number): Activation {
  const { recorder } = builder;
  const shape = { ...source.shape, channels: outputs };
  const output = builder.activation(name, shape, "plain", "f32");
  const normalized = source.kind === "normalized";
  const chunks = chunkBatch(recorder, bound([source, output]));
  for (const chunk of chunks) {
    recorder.run(conv1x1Forward(chunkShape(source.shape, chunk), outputs, normalized), {
      x: chunkView(source.region, source.shape, chunk),
      affine: affineView(recorder, source, chunk),
      w: builder.weight(`${name}.weight`),
      bias: builder.weight(`${name}.bias`),
      y: chunkView(output.region, shape, chunk),
    });
  }
  builder.onBackward(() => {
    const gradient = gradientOf(output, name);
    biasGradient(builder, name, shape, gradient);
    const bands = pixelBands(shape);
    const rows = outputs * source.shape.channels;
    const partial = recorder.temporary(`${name} partial sums`, rows * bands.total);
    for (const chunk of chunks) {
      recorder.run(conv1x1Wgrad(chunkShape(source.shape, chunk), outputs, bands, chunk.first, normalized), {
        x: chunkView(source.region, source.shape, chunk),
        affine: affineView(recorder, source, chunk),
        gradient: chunkView(gradient, shape, chunk),
        partial,
      });
    }
    recorder.run(
      rowSums(builder.target, {
        rows,
        length: bands.perImage * shape.batch,
        rowStride: bands.total,
        itemStride: 1,
        accumulation: builder.accumulation,
      }),
      { partial, total: builder.gradient(`${name}.weight`) },
    );
    const target = builder.newGradient(source, name);
    for (const chunk of chunks) {
      recorder.run(conv1x1Dgrad(chunkShape(source.shape, chunk), outputs, { gate: gateOf(source) }), {
        gradient: chunkView(gradient, shape, chunk),
        w: builder.weight(`${name}.weight`),
        ...gateViews(recorder, source, chunk),
        grad_input: chunkView(target, source.shape, chunk),
      });
    }
  });
  return output;
}

/** Records the gradient of a layer's bias: the sums of the result's gradient over images and pixels. */
export function biasGradient(builder: Builder, name: string, shape: Nchw, gradient: Region): void {
  const { recorder } = builder;
  const total = builder.gradient(`${name}.bias`);
  const chunks = chunkBatch(recorder, [shape]);
  if (chunks.length === 1 && shape.batch * shape.height * shape.width <= SMALL_CHANNEL) {
    const x = chunkView(gradient, shape, chunks[0]!);
    recorder.run(channelTotals(shape, builder.accumulation), { x, x_vectors: x, total });
    return;
  }
  const bands = pixelBands(shape);
  const partial = recorder.temporary(`${name} bias sums`, shape.channels * bands.total);
  for (const chunk of chunks) {
    const x = chunkView(gradient, shape, chunk);
    recorder.run(channelSums(chunkShape(shape, chunk), bands, chunk.first), { x, x_vectors: x, partial });
  }
  recorder.run(
    rowSums(builder.target, {
      rows: shape.channels,
      length: bands.perImage * shape.batch,
      rowStride: bands.total,
      itemStride: 1,
      accumulation: builder.accumulation,
    }),
    { partial, total },
  );
}

/** The gradient that the readers of a tensor left. */
export function gradientOf(activation: Activation, label: string): Region {
  if (!activation.gradient) throw new Error(`Cannot go back through "${label}": nothing wrote its gradient`);
  return activation.gradient;
}

function isImage(activation: Activation): boolean {
  return activation.region.fixed;
}
