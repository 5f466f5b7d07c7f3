/**
 * The figures of an evaluation: images with their true and predicted masks, in a grid.
 *
 * Images are decoded and predicted anew, so that an evaluation of thousands keeps none of them, and are drawn at
 * their own size and with the masks that `predict` gives, not at the network's.
 *
 * @module
 */
import type { Sample } from "../dataset/samples.ts";
import { decodeImage } from "../image/decode.ts";
import { maskToRgb, overlayMask, scaleToFit } from "../image/draw.ts";
import { drawFigure, type Panel } from "../image/draw_figure.ts";
import type { RgbImage } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import { segment } from "../prediction/postprocess.ts";
import type { Predictor } from "../prediction/predictor.ts";

/** An image to be drawn. */
export interface FigureSample {
  /** The image and its mask. */
  readonly sample: Sample;
  /** A line beneath the image: its name, say. */
  readonly name: string;
  /** A line beneath the overlay: how well it was predicted, say. */
  readonly note: string;
}

/** Which panels a sample gets. */
export type FigureKind = "prediction" | "audit";

/** How {@linkcode drawSamples} draws. */
export interface DrawSamplesOptions {
  /** A line above all. */
  readonly title: string;
  /** A pixel is predicted where its probability is above this. */
  readonly threshold: number;
  /** `prediction`: image, true mask, predicted mask and overlay, as the original; `audit`: image and overlay. */
  readonly kind: FigureKind;
}

/** A sample with its pixels and masks. */
interface Drawn extends FigureSample {
  readonly image: RgbImage;
  readonly truth: Mask;
  readonly predicted: Mask;
}

/** Width and height of a panel. */
const CELL = { width: 256, height: 256 };

/** Panels in a row. */
const COLUMNS = 8;

/** Rows at most, before panels go twice as many to a row: more would be higher than an image may be. */
const MOST_ROWS = 25;

/** Of the true outline in an overlay; the prediction is red. */
const GREEN = [48, 224, 96] as const;

/** Images that are decoded and predicted at once. */
const BATCH = 8;

/** Draws samples, several in a row; the overlays show the prediction in red and the true outline in green. */
export async function drawSamples(
  predictor: Predictor,
  samples: readonly FigureSample[],
  { title, threshold, kind }: DrawSamplesOptions,
): Promise<RgbImage> {
  const panels: Panel[] = [];
  for (let first = 0; first < samples.length; first += BATCH) {
    for (const drawn of await predictSamples(predictor, samples.slice(first, first + BATCH), threshold)) {
      // At the size at which they are drawn: many images at their own would take gigabytes.
      panels.push(
        ...PANELS[kind](drawn).map((panel) => ({ ...panel, image: scaleToFit(panel.image, CELL) })),
      );
    }
  }
  return await drawSheet(panels, title);
}

/** Draws panels of up to 256 x 256, as many in a row as it takes to fit them on one image: 400 do. */
export async function drawSheet(panels: readonly Panel[], title: string): Promise<RgbImage> {
  const columns = panels.length > MOST_ROWS * COLUMNS ? 2 * COLUMNS : COLUMNS;
  return await drawFigure(panels, { title, cell: CELL, columns });
}

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

function overlay({ image, truth, predicted }: Drawn): RgbImage {
  return overlayMask(overlayMask(image, predicted), truth, { color: GREEN, opacity: 0 });
}

async function predictSamples(
  predictor: Predictor,
  samples: readonly FigureSample[],
  threshold: number,
): Promise<Drawn[]> {
  const images = await Promise.all(
    samples.map(async ({ sample }) => await decodeImage(await Deno.readFile(sample.imagePath))),
  );
  const maps = await predictor.predict(images);
  return samples.map((figureSample, index) => ({
    ...figureSample,
    image: images[index]!,
    truth: figureSample.sample.mask(),
    predicted: segment(maps[index]!, images[index]!, { threshold }).mask,
  }));
}
