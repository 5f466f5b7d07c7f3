/**
 * What the engine is and does, in words. This module is browser compatible.
 *
 * @module
 */
import { describeExtents } from "../../../image/input_frame.ts";
import { formatBytes, formatPercent, plural } from "../../../format.ts";
import type { ModelInfo } from "../../api/model.ts";
import type { EngineProgress, EngineState } from "./engine.ts";

/** What opening does now. */
export function describeProgress(progress: EngineProgress): string {
  switch (progress.phase) {
    case "model": {
      const { loaded, total } = progress;
      if (loaded === 0) return "Loading the model";
      return `Loading the model: ${formatBytes(loaded)}${total === null ? "" : ` of ${formatBytes(total)}`}`;
    }
    case "gpu":
      return "Opening the GPU";
    case "self-test":
      return progress.total === 0
        ? "Kernels were proven on this adapter at an earlier visit"
        : `Proving the kernels on this adapter: ${progress.done} of ${progress.total}`;
    case "warm-up":
      return "Compiling the kernels";
    case "ready":
      return "Ready";
  }
}

/** How far opening is, from 0 to 1; null if that is unknown. */
export function shareOf(progress: EngineProgress): number | null {
  if (progress.phase === "model") return progress.total ? progress.loaded / progress.total : null;
  if (progress.phase === "self-test") return progress.total > 0 ? progress.done / progress.total : null;
  return null;
}

/** What the kernels run on, and that they are proven there. */
export function describeProof({ adapter, selfTests }: EngineState): string {
  const passed = selfTests.filter(({ passed }) => passed);
  const kept = passed.length > 0 && passed.every(({ remembered }) => remembered)
    ? ", at an earlier visit"
    : "";
  return `${adapterName(adapter)}. ${plural(passed.length, "kernel")} proven on this adapter${kept}.`;
}

/** The adapter's name. */
export function adapterName({ description, isFallback }: EngineState["adapter"]): string {
  return `${description || "GPU without a name"}${isFallback ? " (software, slow)" : ""}`;
}

/** Variants that do not compute correctly here; empty if all do. */
export function describeRefused({ refused }: EngineState): string {
  if (refused.length === 0) return "";
  const names = [...new Set(refused.map(({ variant }) => variant))];
  return `${plural(names.length, "variant")} refused, because a kernel failed its test here: ${
    names.join(", ")
  }. ` +
    "The next one is used in its place.";
}

/** What is known of a model, as pairs of a term and its description. */
export function describeModel(info: ModelInfo): [term: string, description: string][] {
  const {
    filters,
    depth,
    parameters,
    byteLength,
    precision,
    recipe,
    epoch,
    dice,
    trained,
    threshold,
    head,
  } = info;
  const several = info.classes.length > 1;
  return [
    [
      several
        ? head === "softmax" ? "Classes, of which a pixel has one" : "Classes, which may overlap"
        : "Class",
      info.classes.map(({ name }) => name).join(", "),
    ],
    ["Input", describeInput(info)],
    [
      "Network",
      `U-Net, ${plural(filters, "filter")}, ${depth ? `depth ${depth}, ` : ""}${
        plural(parameters, "parameter")
      }`,
    ],
    ["File", `${formatBytes(byteLength)}, ${precision === "f16" ? "float16" : "float32"}`],
    ...(trained === null ? [] : [["Trained", trained.slice(0, 10)] as [string, string]]),
    ...(recipe === null ? [] : [["Recipe", recipe] as [string, string]]),
    ...(epoch === null ? [] : [["Epoch", `${epoch}`] as [string, string]]),
    ...(dice === null ? [] : [["Validation Dice", formatPercent(dice)] as [string, string]]),
    ...(several && head === "softmax" ? [] : [["Threshold", `${threshold}`] as [string, string]]),
  ];
}

function describeInput(info: ModelInfo): string {
  const { size, height, fit, patch } = info;
  return height === undefined && fit === undefined && patch === undefined
    ? `${size} × ${size} px`
    : describeExtents(info);
}
