/**
 * 3 x 3 convolution over whole maps of 4 x 4 or 2 x 2 pixels, for the deepest layers on software adapters.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { smallDgrad, smallForward, smallWgrad } from "../../../kernels/conv2d/small.ts";
import {
  affineView,
  boundShapes,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "../activation.ts";
import type { Conv3x3Algorithm } from "./algorithm.ts";

/** Plain sums, without intermediate results in memory: a dispatch per tensor and direction. */
export const small: Conv3x3Algorithm = {
  sumsBias: true,

  forward(builder, layer, sources, output, epilogue) {
    const { recorder } = builder;
    for (const chunk of chunkBatch(recorder, boundShapes([...sources, output]))) {
      let firstInput = 0;
      for (const source of sources) {
        const { channels } = source.shape;
        const last = firstInput + channels === layer.inputs;
        recorder.run(
          smallForward({
            output: chunkShape(output.shape, chunk),
            inputs: layer.inputs,
            channels,
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
        firstInput += channels;
      }
    }
  },

  inputGradients(builder, layer, sources, shape, gradient) {
    const { recorder } = builder;
    let firstInput = 0;
    for (const source of sources) {
      const target = builder.newGradient(source, `${layer.name} input`);
      for (const chunk of chunkBatch(recorder, [shape, ...boundShapes([source])])) {
        recorder.run(
          smallDgrad({
            input: chunkShape(source.shape, chunk),
            firstInput,
            inputs: layer.inputs,
            outputs: layer.outputs,
            gate: gateOf(source),
          }),
          {
            gradient: chunkView(gradient, shape, chunk),
            w: builder.weight(`${layer.name}.weight`),
            ...gateViews(recorder, source, chunk),
            grad_input: chunkView(target, source.shape, chunk),
          },
        );
      }
      firstInput += source.shape.channels;
    }
  },

  weightGradient(builder, layer, sources, shape, gradient) {
    const { recorder, accumulation: { keep, scale } } = builder;
    for (const chunk of chunkBatch(recorder, [shape, ...boundShapes(sources)])) {
      let firstInput = 0;
      for (const source of sources) {
        const dispatches = smallWgrad({
          input: chunkShape(source.shape, chunk),
          firstInput,
          inputs: layer.inputs,
          outputs: layer.outputs,
          normalized: source.kind === "normalized",
          accumulation: { keep: keep || chunk.first > 0, scale },
        });
        for (const dispatch of dispatches) {
          recorder.run(dispatch, {
            x: chunkView(source.region, source.shape, chunk),
            affine: affineView(recorder, source, chunk),
            gradient: chunkView(gradient, shape, chunk),
            total: builder.gradient(`${layer.name}.weight`),
            bias_total: builder.gradient(`${layer.name}.bias`),
          });
        }
        firstInput += source.shape.channels;
      }
    }
  },
};
