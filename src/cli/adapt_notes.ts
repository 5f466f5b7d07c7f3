/**
 * What is said about `--adapt`: where it changes nothing, and where it could help.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";
import { FAR, whyNotAdapted } from "../prediction/adapt.ts";
import type { ImageNumbers } from "../prediction/image_report.ts";
import type { LoadedModel } from "../prediction/load_model.ts";

/** A note about models whose images are not adapted, although it is asked for; empty if those of all are. */
export function describeNotAdapted(models: readonly Pick<LoadedModel, "path" | "description">[]): string {
  return models.map(({ path, description }) => {
    const why = whyNotAdapted(description);
    return why === null ? "" : `note: --adapt changes nothing for ${escapeLine(path)}: ${why}\n`;
  }).join("");
}

/** A note about images that `--adapt` would try to invert, where it was not asked for; empty if there are none. */
export function describeFar(
  images: readonly Pick<ImageNumbers, "appearance">[],
  models: readonly Pick<LoadedModel, "description">[],
  { adapt = false, missRate }: { readonly adapt?: boolean; readonly missRate?: number },
): string {
  const far = images.filter(({ appearance }) => appearance !== undefined && appearance.distance > FAR).length;
  const helps = models.some(({ description }) => whyNotAdapted(description) === null);
  // It cannot keep the promise of a miss rate.
  if (adapt || missRate !== undefined || far === 0 || !helps) return "";
  const which = far === 1 ? "1 image is" : `${far} images are`;
  return `note: ${which} far from the training images: --adapt also tries inverted intensities\n`;
}
