/**
 * Instance normalization: the forward computes a scale and a shift per plane that readers apply, the backward works
 * in place on the gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { pixelBands } from "../../kernels/bands.ts";
import { MAX_WORKGROUPS } from "../../kernels/grid.ts";
import {
  normAffine,
  normBackward,
  normBackwardBands,
  normBackwardSums,
  normBands,
} from "../../kernels/instance_norm/instance_norm.ts";
import { view } from "../graph/recorder.ts";
import { type Activation, chunkBatch, chunkView, gradientOf } from "./activation.ts";
import type { Builder } from "./builder.ts";

/**
 * Records the normalization of a convolution's result z. The returned activation has the same memory, but is read as
 * max(0, scale * z + shift).
 *
 * @param name of its parameters, such as `down1.norm1`
 */
export function instanceNorm(builder: Builder, name: string, raw: Activation): Activation {
  const { recorder } = builder;
  const { shape } = raw;
  const pixels = shape.height * shape.width;
  const planes = shape.batch * shape.channels;
  const bands = pixelBands(shape);
  const partial = recorder.temporary(`${name} bands`, planes * bands.perImage * 2);
  const statistics = recorder.temporary(`${name} statistics`, planes * 2);
  const affine = recorder.temporary(`${name} scale and shift`, planes * 2);
  // A dispatch covers planes of one chunk only; its bindings begin at the chunk's first plane.
  const parts = chunkBatch(recorder, [shape]).flatMap((chunk) => {
    const all = planeParts(chunk.count * shape.channels);
    if (all.length === 1) return [{ chunk, first: chunk.first * shape.channels, count: all[0]!.count }];
    return Array.from({ length: chunk.count }, (_, index) => ({
      chunk: { first: chunk.first + index, count: 1 },
      first: (chunk.first + index) * shape.channels,
      count: shape.channels,
    }));
  });
  for (const { chunk, first, count } of parts) {
    const z = chunkView(raw.region, shape, chunk);
    recorder.run(normBands({ pixels, first, count }, bands), { z, z_vectors: z, partial });
  }
  recorder.run(normAffine(shape, bands), {
    partial,
    weight: builder.weight(`${name}.weight`),
    bias: builder.weight(`${name}.bias`),
    statistics,
    affine,
  });
  const output: Activation = { ...raw, affine };
  if (raw.rematerialize) {
    output.rematerialize = () => {
      raw.rematerialize!();
      output.region = raw.region;
    };
  }
  builder.onBackward(() => {
    const region = gradientOf(output, name);
    const backwardPartial = recorder.temporary(`${name} backward bands`, planes * bands.perImage * 2);
    const sums = recorder.temporary(`${name} backward sums`, planes * 2);
    for (const { chunk, first, count } of parts) {
      const z = chunkView(raw.region, shape, chunk);
      const gradient = chunkView(region, shape, chunk);
      recorder.run(normBackwardBands({ pixels, first, count }, bands), {
        z,
        z_vectors: z,
        gradient,
        gradient_vectors: gradient,
        statistics,
        partial: backwardPartial,
      });
    }
    recorder.run(normBackwardSums(shape, bands, builder.accumulation), {
      partial: backwardPartial,
      sums,
      grad_weight: builder.gradient(`${name}.weight`),
      grad_bias: builder.gradient(`${name}.bias`),
    });
    for (const { chunk, first, count } of parts) {
      recorder.run(normBackward({ pixels, first, count }), {
        z: chunkView(raw.region, shape, chunk),
        statistics,
        affine: view(affine),
        sums,
        gradient: chunkView(region, shape, chunk),
      });
    }
    raw.gradient = region;
  });
  return output;
}

/** Splits planes into ranges that one dispatch can cover. */
function planeParts(planes: number): { first: number; count: number }[] {
  const parts = [];
  for (let first = 0; first < planes; first += MAX_WORKGROUPS) {
    parts.push({ first, count: Math.min(MAX_WORKGROUPS, planes - first) });
  }
  return parts;
}
