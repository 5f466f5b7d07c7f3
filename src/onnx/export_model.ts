/**
 * A model as an ONNX file that needs nothing else: normalization, network, and sigmoid or softmax are in its graph.
 * This module is browser compatible.
 *
 * @module
 */
import { formatSize, type InputExtents, inputSize } from "../image/input_frame.ts";
import { headOf } from "../unet/config.ts";
import { modelClasses } from "../unet/model_classes.ts";
import type { Model } from "../unet/model_format.ts";
import { parameterTable, placeState } from "../unet/parameters.ts";
import { normalization } from "./normalization.ts";
import { OnnxGraph } from "./onnx_file.ts";
import { unet } from "./unet_graph.ts";

/**
 * Writes a model as ONNX: operator set 17, float32. Input `images` `[N, 3, H, W]`, RGB from 0 to 1, H and W multiples of
 * 32 (of 2 ** depth for another depth); output `probabilities` `[N, K, H, W]` of the K classes. All extents but the channels are dynamic. The metadata hold
 * `classes` (names as JSON), `input_size` in pixels, `head`, `normalize`, `threshold`, and, of a model for samples of more
 * than 8 bits, `range`: the samples that become 0 and 1. `input_size` is `WIDTHxHEIGHT` if it is no square. `fit` is `pad`
 * if images are padded to it; with `patch`, windows of this size are read at `scale` times the image's resolution.
 *
 * @returns the file in parts; those of weights are views of their memory
 * @throws {TypeError} if the weights do not match the network
 * @throws {RangeError} if a weight is not finite, the names do not match the classes, or the file would have 2 GiB or more
 */
export function exportOnnx({ state, description }: Model): Uint8Array[] {
  const { network, normalize, threshold, range, fit, patch, scale } = description;
  const head = headOf(network);
  const classes = modelClasses(description).map(({ name }) => name);
  const graph = new OnnxGraph();
  const parameters = parameterTable(network);
  const values = placeState(parameters, state);
  parameters.list.forEach(({ name, shape }, index) => graph.floats(name, shape, values[index]!.data));
  const images = graph.input("images", ["N", network.inChannels, "H", "W"]);
  const logits = unet(graph, network, normalization(graph, images, normalize));
  const probabilities = "probabilities";
  if (head === "sigmoid") graph.node("Sigmoid", [logits], probabilities);
  else {
    // Channel 0 is the background, which is no class.
    const bounds = [["from", 1], ["to", network.outChannels], ["axis", 1]] as const;
    const range = bounds.map(([name, value]) => graph.integers(`classes.${name}`, [value]));
    graph.node("Slice", [graph.node("Softmax", [logits], "softmax", { axis: 1 }), ...range], probabilities);
  }
  graph.output(probabilities, ["N", classes.length, "H", "W"]);
  return graph.parts({
    producer: "deno-unet",
    description: `U-Net: RGB images from 0 to 1, ${describeInput(description)}, to the probabilities of ` +
      classes.join(", "),
    metadata: {
      classes: JSON.stringify(classes),
      input_size: formatSize(description),
      head,
      normalize,
      threshold: String(threshold),
      ...(range ? { range: JSON.stringify(range) } : {}),
      ...(fit ? { fit } : {}),
      ...(patch ? { patch: String(patch), scale: String(scale ?? 1) } : {}),
    },
  });
}

function describeInput(extents: InputExtents): string {
  const { width, height } = inputSize(extents);
  if (extents.patch !== undefined) return `windows of ${width} x ${height} pixels`;
  return `${extents.fit === "pad" ? "resized and padded" : "resized"} to ${width} x ${height} pixels`;
}
