/**
 * The network of `src/unet/architecture.ts` as nodes of an ONNX graph.
 * This module is browser compatible.
 *
 * @module
 */
import { depthOf, type UNetConfig } from "../unet/config.ts";
import type { OnnxGraph } from "./onnx_file.ts";

/** Halves or doubles height and width. */
const TWO_BY_TWO = { kernel_shape: [2, 2], strides: [2, 2] } as const;

/** Adds the network from normalized images to logits, whose name it returns; dropout is the identity. */
export function unet(graph: OnnxGraph, config: UNetConfig, images: string): string {
  const { norm } = config;
  const depth = depthOf(config);
  const skips: string[] = [];
  let x = images;
  for (let level = 1; level <= depth; level++) {
    const skip = doubleConv(graph, norm, `down${level}`, x);
    skips.push(skip);
    x = graph.node("MaxPool", [skip], `down${level}.pool`, TWO_BY_TWO);
  }
  x = doubleConv(graph, norm, "bottleneck", x);
  for (let level = 1; level <= depth; level++) {
    const up = layer(graph, "ConvTranspose", `up${level}.up`, x, TWO_BY_TWO);
    const joined = graph.node("Concat", [up, skips.pop()!], `up${level}.joined`, { axis: 1 });
    x = doubleConv(graph, norm, `up${level}`, joined);
  }
  return layer(graph, "Conv", "outc", x, { kernel_shape: [1, 1] });
}

function doubleConv(graph: OnnxGraph, norm: UNetConfig["norm"], name: string, source: string): string {
  let x = source;
  for (const index of [1, 2]) {
    const conv = `${name}.conv${index}`;
    x = layer(graph, "Conv", conv, x, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    // Its epsilon is ONNX's default, 1e-5, as PyTorch's.
    if (norm === "instance") x = layer(graph, "InstanceNormalization", `${name}.norm${index}`, x);
    x = graph.node("Relu", [x], `${conv}.relu`);
  }
  return x;
}

/** A node with the weight and bias of its name. */
function layer(
  graph: OnnxGraph,
  type: string,
  name: string,
  source: string,
  attributes: Readonly<Record<string, readonly number[]>> = {},
): string {
  return graph.node(type, [source, `${name}.weight`, `${name}.bias`], name, attributes);
}
