/**
 * The normalization of `src/image/normalize.ts` as nodes of an ONNX graph.
 * This module is browser compatible.
 *
 * @module
 */
import {
  IMAGENET_DEVIATION,
  IMAGENET_MEAN,
  LEAST_DEVIATION,
  type Normalization,
} from "../image/normalize.ts";
import type { OnnxGraph } from "./onnx_file.ts";

/** Adds the normalization of RGB images from 0 to 1; returns the name of its result. */
export function normalization(graph: OnnxGraph, images: string, how: Normalization): string {
  if (how === "picture") return ownMoments(graph, images);
  const channels = (name: string, values: readonly number[]) =>
    graph.floats(name, [1, 3, 1, 1], Float32Array.from(values));
  const centered = graph.node("Sub", [images, channels("imagenet.mean", IMAGENET_MEAN)], "centered");
  return graph.node("Div", [centered, channels("imagenet.deviation", IMAGENET_DEVIATION)], "normalized");
}

/** Normalizes each image by the mean and deviation of all its values. */
function ownMoments(graph: OnnxGraph, images: string): string {
  // The mean is off by some float32 roundings, which would count on an image without contrast; that of the rest is not.
  const nearly = graph.node("Sub", [images, mean(graph, images, "mean")], "nearly_centered");
  const centered = graph.node("Sub", [nearly, mean(graph, nearly, "mean_rest")], "centered");
  const squares = graph.node("Mul", [centered, centered], "squares");
  const deviation = graph.node("Sqrt", [mean(graph, squares, "variance")], "own_deviation");
  const least = graph.floats("least_deviation", [], Float32Array.of(LEAST_DEVIATION));
  return graph.node(
    "Div",
    [centered, graph.node("Max", [deviation, least], "deviation")],
    "normalized",
  );
}

/** The mean of each image, axis by axis: one long float32 sum loses digits. */
function mean(graph: OnnxGraph, values: string, name: string): string {
  const rows = graph.node("ReduceMean", [values], `${name}.rows`, { axes: [3], keepdims: 1 });
  const planes = graph.node("ReduceMean", [rows], `${name}.planes`, { axes: [2], keepdims: 1 });
  return graph.node("ReduceMean", [planes], name, { axes: [1], keepdims: 1 });
}
