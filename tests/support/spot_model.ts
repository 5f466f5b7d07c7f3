/**
 * A hand-made network that segments what is bright: its output is known for every image.
 *
 * @module
 */
import { type Model, type ModelDescription, packModel, type RgbImage, type StateDict } from "../../mod.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { parameterTable } from "../../src/unet/parameters.ts";
import { paint } from "./coco.ts";

/** The configuration of such a network: one filter. */
export const SPOT_NETWORK = completeConfig({ filters: 1, dropout: 0 });

/**
 * Weights for which the logit of a pixel is `40 * (red - 0.7)`, with `red` from 0 to 1 and ImageNet's normalization, and
 * `-8.6` where red is below 0.485: the probability is 0.5 at 0.7. Only the topmost skip connection passes anything.
 */
export function spotState(): StateDict {
  const state: StateDict = new Map();
  for (const { name, shape, size } of parameterTable(SPOT_NETWORK).list) {
    state.set(name, { shape, data: new Float32Array(size) });
  }
  const set = (name: string, index: number, value: number) => {
    state.get(name)!.data[index] = value;
  };
  // The centers of 3 x 3 filters: of red, of the only channel, and of the skip, which follows the upsampled channel.
  set("down1.conv1.weight", 4, 1);
  set("down1.conv2.weight", 4, 1);
  set("up5.conv1.weight", 9 + 4, 1);
  set("up5.conv2.weight", 4, 1);
  set("outc.weight", 0, 40 * 0.229);
  set("outc.bias", 0, 40 * (0.485 - 0.7));
  return state;
}

/** The file of such a model, by default with an input size of 32 pixels. */
export function spotModel(description: Partial<ModelDescription> = {}): Uint8Array {
  return packModel({
    state: spotState(),
    description: {
      network: SPOT_NETWORK,
      size: 32,
      normalize: "imagenet",
      threshold: 0.5,
      recipe: "original",
      epoch: 7,
      ...description,
    },
  });
}

/**
 * A model of two classes by the red of a pixel, by default as one that excludes the other: `gray` is above 0.55, and
 * `white` where it is more probable, above 0.85. With a sigmoid both are where they are more probable than not, so that
 * all that is `white`, above 0.7, is `gray`, too.
 */
export function spotClasses(head: "sigmoid" | "softmax" = "softmax"): Model {
  const state = spotState();
  const logits = [[0, 0], [40, 0.55], [80, 0.7]].slice(head === "softmax" ? 0 : 1);
  const channels = logits.length;
  state.set("outc.weight", {
    shape: [channels, 1, 1, 1],
    data: Float32Array.from(logits, ([slope]) => slope! * 0.229),
  });
  state.set("outc.bias", {
    shape: [channels],
    data: Float32Array.from(logits, ([slope, from]) => slope! * (0.485 - from!)),
  });
  const network = completeConfig({ ...SPOT_NETWORK, outChannels: channels, head });
  const classes = [{ name: "gray", color: "#e69f00" }, { name: "white", color: "#56b4e9" }];
  return { state, description: { network, size: 32, normalize: "imagenet", threshold: 0.5, classes } };
}

/** A dark image with bright rectangles in whole eighths of its sides, which at 32 pixels are whole pixels. */
export function bright(
  width: number,
  height: number,
  ...boxes: [x: number, y: number, w: number, h: number][]
): RgbImage {
  return paint(width, height, (x, y) => {
    const [u, v] = [8 * x / width, 8 * y / height];
    return boxes.some(([left, top, w, h]) => u >= left && u < left + w && v >= top && v < top + h) ? 230 : 40;
  });
}
