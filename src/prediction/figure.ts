/**
 * The figure of a prediction: image, mask, and overlay.
 *
 * @module
 */
import { type Color, maskToRgb, OUTLINE_COLORS, outlineMask, scaleToFit } from "../image/draw.ts";
import { drawFigure, type Panel } from "../image/draw_figure.ts";
import { fitLabelMap, outlineClasses } from "../image/draw_labels.ts";
import type { LegendEntry } from "../image/draw_legend.ts";
import type { RgbImage, Size } from "../image/image.ts";
import { BACKGROUND, type LabelMap } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { formatCount, plural } from "../format.ts";
import type { MaskReport } from "./image_report.ts";

/** Bounds of the longer side of a panel in pixels: small images are enlarged, large ones reduced. */
const PANEL = { min: 256, max: 1024 };

/** Minimum of the shorter side of a panel: captions below narrow images need room. */
const MIN_SIDE = 128;

/** Draws image, mask and overlay side by side, with a title; `further` panels follow. */
export function drawPrediction(
  image: RgbImage,
  mask: Mask,
  title: string,
  further: readonly Panel[] = [],
): Promise<RgbImage> {
  return drawFigure([
    { image, caption: "Original image" },
    { image: maskToRgb(mask), caption: "Predicted mask" },
    { image: outlineMask(image, mask, OUTLINE_COLORS.predicted), caption: "Overlay" },
    ...further,
  ], { title, cell: panelSize(image) });
}

/** The figure of several classes: masks are added one by one, since all at the image's size could fill the memory. */
export class ClassFigure {
  readonly #cell: Size;
  readonly #image: RgbImage;
  readonly #masks: Mask[] = [];
  readonly #colors: Color[] = [];
  readonly #legend: LegendEntry[] = [];

  /** The figure of an image, without classes. */
  constructor(image: RgbImage) {
    this.#cell = panelSize(image);
    this.#image = scaleToFit(image, this.#cell);
  }

  /** Adds a class, with its mask at the size of the image. */
  add(mask: Mask, color: Color, name: string, { area, share }: Pick<MaskReport, "area" | "share">): void {
    this.#masks.push(fitLabelMap(mask, this.#image));
    this.#colors.push(color);
    const found = area === 0 ? "nothing found" : areaText(area, share);
    this.#legend.push({ name: `${name}: ${found}`, color });
  }

  /** Draws image, label map and outlines side by side, with a legend of the classes' areas; `further` panels follow. */
  draw(map: LabelMap, title: string, further: readonly Panel[] = []): Promise<RgbImage> {
    const { width, height, data: labels } = fitLabelMap(map, this.#image);
    const data = new Uint8Array(3 * labels.length);
    labels.forEach((label, at) => label !== BACKGROUND && data.set(this.#colors[label - 1]!, 3 * at));
    return drawFigure([
      { image: this.#image, caption: "Original image" },
      { image: { width, height, data }, caption: "Predicted classes" },
      { image: outlineClasses(this.#image, this.#masks, this.#colors), caption: "Overlay" },
      ...further,
    ], { title, legend: this.#legend, cell: this.#cell });
  }
}

/** The size of a panel for an image: bounded, and with the aspect ratio of the image unless that is very narrow. */
export function panelSize({ width, height }: Size): Size {
  const side = Math.max(width, height);
  const factor = Math.min(Math.max(side, PANEL.min), PANEL.max) / side;
  const scaled = (length: number) => Math.max(MIN_SIDE, Math.round(factor * length));
  return { width: scaled(width), height: scaled(height) };
}

/** The title of a figure: `2 lesions, 1,234 px (1.88 %) in scan.png`; the numbers first, since long names are cut. */
export function figureTitle(
  name: string,
  { lesions, area, share, areaMm2 }: Pick<MaskReport, "lesions" | "area" | "share" | "areaMm2">,
): string {
  if (area === 0) return `nothing found in ${name}`;
  const count = plural(lesions.length, "lesion");
  const physical = areaMm2 === undefined ? "" : `, ${formatMm2(areaMm2)}`;
  return `${count}, ${areaText(area, share)}${physical} in ${name}`;
}

/** Square millimeters to four digits. */
export function formatMm2(area: number): string {
  return `${Number(area.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 })} mm²`;
}

function areaText(area: number, share: number): string {
  return `${formatCount(area)} px (${(100 * share).toFixed(2)} %)`;
}
