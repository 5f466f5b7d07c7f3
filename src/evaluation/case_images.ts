/**
 * The worst, median and best images of a split as small JPEGs, for a report that needs neither dataset nor model.
 *
 * @module
 */
import { type Color, overlayMask, scaleToFit } from "../image/draw.ts";
import { fitLabelMap, outlineClasses, outlineLabels } from "../image/draw_labels.ts";
import { encodeJpeg } from "../image/encode.ts";
import type { RgbImage } from "../image/image.ts";
import { FOREGROUND, IGNORE, type LabelMap, maskOf } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { colorToHex, ERROR_COLORS } from "../image/palette.ts";
import { classMasks } from "../prediction/class_masks.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import { resizeProbabilities } from "../prediction/probability_map.ts";
import { headOf } from "../unet/config.ts";
import type { Case } from "./cases.ts";
import { classColorsOf } from "./class_panels.ts";
import { overlay, type PredictedSample } from "./figures.ts";
import type { ImageScore } from "./image_score.ts";

/** Marks the file, so that no other JSON is taken for it. */
export const CASES_FORMAT = "deno-unet cases 1";

/** Width and height that panels are fitted into, in pixels. */
const CELL = { width: 320, height: 320 };

/** Pixels of a line: panels are shown at half their size where two cases are side by side. */
const LINE = 2;

/** Bytes of a panel that are worth a lower quality. */
const MANY_BYTES = 32_000;

/** JPEG qualities, best first; lines lose their color below. */
const QUALITIES = [92, 80, 65];

/** A drawn panel. */
export interface CasePanel {
  /** What it shows. */
  readonly caption: string;
  /** The JPEG in base64. */
  readonly jpeg: string;
}

/** An image of the file of cases. */
export interface CaseImages {
  /** The image's name, as in the scores. */
  readonly name: string;
  /** What it is an example of. */
  readonly rank: Case["rank"];
  /** Its Dice, as in the scores. */
  readonly dice: number | null;
  /** Width of the image file in pixels. */
  readonly width: number;
  /** Height of the image file in pixels. */
  readonly height: number;
  /** The panels: the image first. */
  readonly panels: readonly CasePanel[];
}

/** The content of the file of cases. */
export interface CasesDocument {
  /** {@linkcode CASES_FORMAT}. */
  readonly format: typeof CASES_FORMAT;
  /** The split. */
  readonly split: string;
  /** Names and colors of several classes; empty for one. */
  readonly classes: readonly { readonly name: string; readonly color: string }[];
  /** The images, worst first. */
  readonly cases: readonly CaseImages[];
}

/** The document of a split's cases; null without any. */
export function casesDocument(
  predictor: ImagePredictor,
  split: string,
  cases: readonly CaseImages[],
): CasesDocument | null {
  if (cases.length === 0) return null;
  const colors = classColorsOf(predictor).map(colorToHex);
  const classes = predictor.classes === 1
    ? []
    : predictor.classNames.map((name, index) => ({ name, color: colors[index]! }));
  return { format: CASES_FORMAT, split, classes, cases };
}

/** Draws an image with its annotation and its prediction. */
export async function drawCase(
  predictor: ImagePredictor,
  sample: PredictedSample,
  { rank, score, threshold }: { rank: Case["rank"]; score: ImageScore; threshold: number | null },
): Promise<CaseImages> {
  const image = scaleToFit(sample.image, CELL);
  const truth = fitLabelMap(sample.truth, image);
  const maps = sample.maps.map((map) => resizeProbabilities(map, image));
  const masks = classMasks(maps, headOf(predictor.description.network), threshold);
  const drawn: [caption: string, image: RgbImage][] = predictor.classes === 1
    ? onePanels(image, truth, masks[0]!)
    : classPanels(image, truth, masks, classColorsOf(predictor));
  const panels: CasePanel[] = [];
  for (const [caption, panel] of [["image", image] as const, ...drawn]) {
    panels.push({ caption, jpeg: (await smallJpeg(panel)).toBase64() });
  }
  const { name, metrics: { dice } } = score;
  return { name, rank, dice, width: sample.image.width, height: sample.image.height, panels };
}

function onePanels(image: RgbImage, truth: LabelMap, predicted: Mask): [string, RgbImage][] {
  const annotated = maskOf(truth, FOREGROUND);
  return [
    ["outlines", overlay({ image, truth: annotated, predicted }, LINE)],
    ["errors", errorMap(image, truth, predicted)],
  ];
}

function classPanels(
  image: RgbImage,
  truth: LabelMap,
  predicted: readonly Mask[],
  colors: readonly Color[],
): [string, RgbImage][] {
  return [
    ["annotated", outlineLabels(image, truth, colors, { reach: LINE })],
    ["predicted", outlineClasses(image, predicted, colors, { reach: LINE })],
  ];
}

/** The image, darker, with hit, missed and false pixels in their colors. */
function errorMap(image: RgbImage, truth: LabelMap, { data: predicted }: Mask): RgbImage {
  let drawn: RgbImage = { ...image, data: image.data.map((value) => Math.round(0.6 * value)) };
  for (const kind of ["hit", "missed", "false"] as const) {
    const data = truth.data.map((label, at) =>
      label !== IGNORE && kindOf(label === FOREGROUND, predicted[at] !== 0) === kind ? 1 : 0
    );
    const mask = { width: image.width, height: image.height, data };
    drawn = overlayMask(drawn, mask, { color: ERROR_COLORS[kind], opacity: 0.85, outline: false });
  }
  return drawn;
}

function kindOf(annotated: boolean, predicted: boolean): keyof typeof ERROR_COLORS | null {
  if (annotated) return predicted ? "hit" : "missed";
  return predicted ? "false" : null;
}

async function smallJpeg(image: RgbImage): Promise<Uint8Array> {
  let jpeg = new Uint8Array();
  for (const quality of QUALITIES) {
    jpeg = new Uint8Array(await encodeJpeg(image, quality));
    if (jpeg.length <= MANY_BYTES) break;
  }
  return jpeg;
}
