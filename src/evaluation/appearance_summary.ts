/**
 * How many images of a split do not look like those that the model was trained on.
 * This module is browser compatible.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";
import type { ModelDescription } from "../unet/model_format.ts";
import type { ImageScore } from "./image_score.ts";

/** The images of a split by their distance from the training images. */
export interface AppearanceSummary {
  /** Images that were judged. */
  readonly images: number;
  /** Those of them that do not look like the training images. */
  readonly unusual: number;
  /** The share of training images that do, held out in turn. */
  readonly quantile: number;
  /** Those that were predicted with inverted intensities; absent for none. */
  readonly inverted?: number;
  /** The names of the most distant ones of the unusual images, most distant first. */
  readonly most: readonly string[];
}

/** Most names in a summary. */
const MOST_NAMES = 5;

/** A summary of scores; null if the model's file does not keep the appearance. */
export function summarizeAppearance(
  scores: readonly ImageScore[],
  { appearance }: Pick<ModelDescription, "appearance">,
): AppearanceSummary | null {
  const judged = scores.filter((score) => score.appearance !== undefined);
  if (!appearance || judged.length === 0) return null;
  const unusual = judged.filter((score) => score.appearance!.unusual)
    .sort((a, b) => b.appearance!.distance - a.appearance!.distance);
  const inverted = scores.filter(({ adapted }) => adapted === "inverted").length;
  return {
    images: judged.length,
    unusual: unusual.length,
    quantile: appearance.quantile,
    ...(inverted > 0 && { inverted }),
    most: unusual.slice(0, MOST_NAMES).map(({ name }) => name),
  };
}

/** A line for people. */
export function formatAppearance(
  { images, unusual, quantile, inverted = 0, most }: AppearanceSummary,
): string {
  const expected = `of the training images, ${100 * quantile} % do`;
  if (unusual === 0) return `appearance   all ${images} images look like the training images (${expected})\n`;
  const names = most.map(escapeLine).join(", ") + (unusual > most.length ? ", ..." : "");
  const adapted = inverted > 0
    ? `adapted      ${inverted} of them ${
      inverted === 1 ? "was" : "were"
    } predicted with inverted intensities\n`
    : "";
  return `appearance   ${unusual} of ${images} images do not look like the training images (${expected}): ${names}\n` +
    adapted;
}
