/**
 * The figures of an evaluation: a grid of images with their true and predicted masks.
 *
 * Images are decoded and predicted again, so that an evaluation of thousands holds none of them in memory, and are
 * drawn at their own size with the masks that `predict` gives, not at the network's input size.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { MAX_BYTES } from "../image/limits.ts";
import type { Sample } from "../dataset/samples.ts";
import { decodeSamples } from "../image/decode.ts";
import { displayImage } from "../image/display.ts";
import { maskToRgb, OUTLINE_COLORS, outlineMask, overlayMask, scaleToFit } from "../image/draw.ts";
import { drawFigure, type Panel } from "../image/draw_figure.ts";
import { fitLabelMap } from "../image/draw_labels.ts";
import type { RgbImage, Size } from "../image/image.ts";
import { maskOf } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { headOf } from "../unet/config.ts";
import { classLegend, classPanels, type ClassSample } from "./class_panels.ts";
import { sheetLayout } from "./sheet_layout.ts";
import { classMasks, decisionThreshold } from "../prediction/class_masks.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import { resizeProbabilities } from "../prediction/probability_map.ts";

/** An image to draw. */
export interface FigureSample {
  /** The image and its mask. */
  readonly sample: Sample;
  /** The caption of the image, such as its name. */
  readonly name: string;
  /** The caption of the overlay, such as its Dice. */
  readonly note: string;
  /** The class that is drawn, by its index; all of them if absent. */
  readonly class?: number | undefined;
}

/** The panels of a sample. */
export type FigureKind = "prediction" | "audit";

/** Options of {@linkcode drawSamples}. */
export interface DrawSamplesOptions {
  /** The title of the figure. */
  readonly title: string;
  /** The probability above which a pixel is foreground; defaults to what an evaluation takes. */
  readonly threshold?: number | null;
  /**
   * `prediction`: image, true mask, predicted mask and overlay, like the original; of several classes, outlines instead
   * of masks. `audit`: image and overlay.
   */
  readonly kind: FigureKind;
  /** Gets every sample with its pixels and probabilities, which are not kept. */
  readonly onSample?: ((sample: PredictedSample) => Promise<void>) | undefined;
}

/** A sample with its image, its annotation and the probabilities of each class. */
export type PredictedSample = FigureSample & ClassSample;

/** A sample with its pixels and masks of one class. */
interface Drawn extends FigureSample {
  readonly image: RgbImage;
  readonly truth: Mask;
  readonly predicted: Mask;
}

/** Images that are decoded and predicted together. */
const BATCH = 8;

/** Draws samples, several per row; overlays show the outlines of prediction and annotation. */
export async function drawSamples(
  predictor: ImagePredictor,
  samples: readonly FigureSample[],
  { title, kind, onSample, ...options }: DrawSamplesOptions,
): Promise<RgbImage> {
  const threshold = decisionThreshold(predictor.description, options.threshold);
  const panels: Panel[] = [];
  const legend = classLegend(predictor);
  const layout = sheetLayout(
    samples.map(({ sample }) => sample),
    PANEL_COUNTS[kind] * samples.length,
    Math.min(legend.length, 30),
  );
  for (let first = 0; first < samples.length; first += BATCH) {
    for (const sample of await predictSamples(predictor, samples.slice(first, first + BATCH))) {
      await onSample?.(sample);
      // Scaled at once: many images at their own size would take gigabytes.
      panels.push(
        ...legend.length > 0 && kind === "prediction"
          ? classPanels(predictor, sample, { cell: layout.cell, threshold })
          : PANELS[kind](ofOneClass(predictor, sample, { cell: layout.cell, threshold }))
            .map((panel) => ({ ...panel, image: scaleToFit(panel.image, layout.cell) })),
      );
    }
  }
  return await drawFigure(panels, { title, ...(kind === "prediction" && { legend }), ...layout });
}

/** Panels of a sample. */
const PANEL_COUNTS: Readonly<Record<FigureKind, number>> = { prediction: 4, audit: 2 };

const PANELS: Readonly<Record<FigureKind, (drawn: Drawn) => Panel[]>> = {
  prediction: (drawn) => [
    { image: drawn.image, caption: drawn.name },
    { image: maskToRgb(drawn.truth), caption: "True mask" },
    { image: maskToRgb(drawn.predicted), caption: "Predicted mask" },
    { image: overlay(drawn), caption: drawn.note },
  ],
  audit: (drawn) => [
    { image: drawn.image, caption: drawn.name },
    { image: overlay(drawn), caption: drawn.note },
  ],
};

/** The outlines of annotation and prediction over an image of their size, with lines of `reach` pixels. */
export function overlay(
  { image, truth, predicted }: Pick<Drawn, "image" | "truth" | "predicted">,
  reach?: number,
): RgbImage {
  const { predicted: orange, annotated: blue } = OUTLINE_COLORS;
  const lines = reach === undefined ? {} : { reach };
  // One inside, the other outside: both are seen where the masks are equal.
  return outlineMask(
    overlayMask(image, truth, { color: blue, opacity: 0, ...lines }),
    predicted,
    orange,
    reach,
  );
}

/** The masks of the class that a sample shows: at the image's own size, or, of several classes, in its cell. */
function ofOneClass(
  { description: { network } }: ImagePredictor,
  sample: PredictedSample,
  { cell, threshold }: { cell: Size; threshold: number | null },
): Drawn {
  const { maps, class: index = 0 } = sample;
  // The probabilities of many classes at the size of a large image would take gigabytes.
  const image = maps.length === 1 ? sample.image : scaleToFit(sample.image, cell);
  const truth = maps.length === 1 ? sample.truth : fitLabelMap(sample.truth, image);
  const resized = maps.map((map) => resizeProbabilities(map, image));
  const predicted = classMasks(resized, headOf(network), threshold)[index]!;
  return { ...sample, image, truth: maskOf(truth, index + 1), predicted };
}

async function predictSamples(
  predictor: ImagePredictor,
  samples: readonly FigureSample[],
): Promise<PredictedSample[]> {
  const images = await Promise.all(
    samples.map(async ({ sample }) => await decodeSamples(await readBounded(sample.imagePath, MAX_BYTES))),
  );
  const truths = await Promise.all(samples.map(({ sample }) => sample.labelMap()));
  // Of the samples themselves: the window is for the eye only.
  const of = samples.map(({ sample }) => sample);
  const maps = await predictor.predictClasses(images.map(({ raster }) => raster), { of });
  return samples.map((figureSample, index) => ({
    ...figureSample,
    image: displayImage(images[index]!.raster),
    truth: truths[index]!,
    maps: maps[index]!,
  }));
}
