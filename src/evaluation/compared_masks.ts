/**
 * What is compared of an image: at the network's input size, as in the original, or at the image's own.
 *
 * @module
 */
import type { Sample } from "../dataset/samples.ts";
import { targetChannels, type TargetForm, writeTargets } from "../dataset/targets.ts";
import type { Size } from "../image/image.ts";
import { type InputExtents, inputSize, isAtOwnSize } from "../image/input_frame.ts";
import { resizeMask } from "../image/resize.ts";
import { type ProbabilityMap, resizeProbabilities } from "../prediction/probability_map.ts";
import type { ImageMaps } from "./map_sheet.ts";
import { trueMasks } from "./true_masks.ts";

/** The size at which the masks of an image are compared. */
export function comparedSize(extents: InputExtents, image: Size): Size {
  return isAtOwnSize(extents) ? { width: image.width, height: image.height } : inputSize(extents);
}

/** The probabilities of an image, without padding, and its annotation, both at the image's own size. */
export async function atOwnSize(
  sample: Sample,
  maps: readonly ProbabilityMap[],
  targets: TargetForm,
): Promise<ImageMaps> {
  const { width, height, data: labels, overlaps } = await sample.labelMap();
  const shape = [1, targetChannels(targets), height, width];
  const data = new Float32Array(targetChannels(targets) * height * width);
  writeTargets(labels, overlaps, targets, data);
  const { masks: truths, ignored } = trueMasks({ shape, data }, 0, targets.classCount, targets.head);
  return { maps: maps.map((map) => resizeProbabilities(map, { width, height })), truths, ignored };
}

/** The same at another size. */
export function atSize(image: ImageMaps, size: Size): ImageMaps {
  const [truth] = image.truths;
  if (truth?.width === size.width && truth.height === size.height) return image;
  return {
    maps: image.maps.map((map) => resizeProbabilities(map, size)),
    truths: image.truths.map((truth) => resizeMask(truth, size)),
    ignored: image.ignored && resizeMask(image.ignored, size),
  };
}
