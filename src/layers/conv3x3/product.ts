/**
 * Batched matrix products of recorded steps.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { gemmNnUniform, type GemmShape } from "../../../kernels/gemm/gemm.ts";
import { type Recorder, type Region, view } from "../../graph/recorder.ts";
import type { PlanTarget } from "../plan_target.ts";
import { chooseProduct } from "../choose.ts";

/**
 * Records `c = a b` for every layer, by the chosen variant. `a` must be a windowed region: it may be bound as uniform
 * windows.
 */
export function recordProduct(
  { recorder, target }: { recorder: Recorder; target: PlanTarget },
  shape: GemmShape,
  a: Region,
  b: Region,
  c: Region,
): void {
  const chosen = chooseProduct(target, shape);
  const layerSize = shape.rows * shape.depth;
  if ("dispatch" in chosen) {
    // Without the window behind it, which could exceed a binding.
    recorder.run(chosen.dispatch, { a: view(a, 0, shape.layers * layerSize), b, c });
    return;
  }
  const layers = chosen.uniformLayers;
  for (let first = 0; first < shape.layers; first += layers) {
    const part = { ...shape, layers: Math.min(layers, shape.layers - first) };
    recorder.run(gemmNnUniform(part, first), { a: view(a, first * layerSize), b, c });
  }
}
