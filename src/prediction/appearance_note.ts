/**
 * What predictions say of an image that does not look like the training images.
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageAppearance } from "../appearance/appearance.ts";
import type { ImageNote } from "../image/image.ts";
import type { ModelDescription } from "../unet/model_format.ts";
import type { Adaptation } from "./adapt.ts";

/** A note if the image is unusual for the model, and what was done about it. */
export function appearanceNote(
  judged: ImageAppearance | null,
  { appearance }: Pick<ModelDescription, "appearance">,
  adapted?: Adaptation,
): ImageNote[] {
  if (judged === null || !judged.unusual || !appearance) return [];
  const message = `does not look like the training images, so the mask may be wrong: distance ${
    judged.distance.toFixed(2)
  }, below 1 for ${100 * appearance.quantile} % of them`;
  const done = adapted
    ? [{ kind: "appearance", message: `predicted with ${adapted} intensities` } as const]
    : [];
  return [{ kind: "appearance", message }, ...done];
}
