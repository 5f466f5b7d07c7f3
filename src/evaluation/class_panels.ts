/**
 * The panels of a sample of several classes: the image, then the outlines of annotation and prediction in the classes'
 * colors, apart and together.
 *
 * @module
 */
import { type Color, scaleToFit } from "../image/draw.ts";
import type { Panel } from "../image/draw_figure.ts";
import { fitLabelMap, outlineClasses, outlineLabels } from "../image/draw_labels.ts";
import type { LegendEntry } from "../image/draw_legend.ts";
import type { RgbImage, Size } from "../image/image.ts";
import type { LabelMap } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { classColor, colorOfHex } from "../image/palette.ts";
import { classMasks } from "../prediction/class_masks.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import { type ProbabilityMap, resizeProbabilities } from "../prediction/probability_map.ts";
import { headOf } from "../unet/config.ts";

/** What the lines of {@linkcode classPanels} mean, for a title. */
export const CLASS_LINES = "(solid lines: predicted, dashed lines: annotated)";

/** A sample of several classes. */
export interface ClassSample {
  /** The caption of the image, such as its name. */
  readonly name: string;
  /** The caption of the overlay, such as its Dice. */
  readonly note: string;
  /** The image. */
  readonly image: RgbImage;
  /** Its annotation, of the same size. */
  readonly truth: LabelMap;
  /** The probabilities of each class, at the network's size. */
  readonly maps: readonly ProbabilityMap[];
}

/** The colors of a model's classes. */
export function classColorsOf({ classNames, description }: ImagePredictor): Color[] {
  return classNames.map((_, index) =>
    colorOfHex(description.classes?.[index]?.color ?? "") ?? classColor(index + 1)
  );
}

/** The legend of a model's classes; empty for one class, whose lines are explained in the title. */
export function classLegend(predictor: ImagePredictor): LegendEntry[] {
  if (predictor.classes === 1) return [];
  const colors = classColorsOf(predictor);
  return predictor.classNames.map((name, index) => ({ name, color: colors[index]! }));
}

/** The panels of a sample, each fitted into the cell before masks are drawn: lines are as wide in every figure. */
export function classPanels(
  predictor: ImagePredictor,
  { name, note, image, truth, maps }: ClassSample,
  { cell, threshold }: { cell: Size; threshold: number | null },
): Panel[] {
  const colors = classColorsOf(predictor);
  const fitted = scaleToFit(image, cell);
  const labels = fitLabelMap(truth, fitted);
  const resized = maps.map((map) => resizeProbabilities(map, fitted));
  const predicted: Mask[] = classMasks(resized, headOf(predictor.description.network), threshold);
  const annotated = outlineLabels(fitted, labels, colors);
  return [
    { image: fitted, caption: name },
    { image: annotated, caption: "Annotated" },
    { image: outlineClasses(fitted, predicted, colors), caption: "Predicted" },
    {
      image: outlineClasses(outlineLabels(fitted, labels, colors, { dashed: true }), predicted, colors),
      caption: note,
    },
  ];
}
