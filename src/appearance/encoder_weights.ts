/**
 * The weights that measure appearance, kept while a model's file is poured into the device.
 * This module is browser compatible.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import type { WeightsSource } from "../unet/weights_source.ts";

/** Whether a tensor belongs to the encoder's first level. */
function isMeasured(name: string): boolean {
  return name.startsWith("down1.");
}

/** The same source, and the measured tensors: filled when it has been poured. */
export function keepMeasured(
  source: WeightsSource,
): { readonly source: WeightsSource; readonly state: StateDict } {
  const kept = [...source.tensors].filter(([name]) => isMeasured(name));
  const state: StateDict = new Map(
    kept.map(([name, { shape, size }]) => [name, { shape, data: new Float32Array(size) }]),
  );
  return {
    state,
    source: {
      tensors: source.tensors,
      pour: (take) =>
        source.pour((name, first, values) => {
          state.get(name)?.data.set(values, first);
          take(name, first, values);
        }),
    },
  };
}
