/**
 * The figure of a prediction: image, mask, and overlay.
 *
 * @module
 */
import { type Color, maskToRgb, OUTLINE_COLORS, outlineMask } from "../image/draw.ts";
import { drawFigure } from "../image/draw_figure.ts";
import type { RgbImage, Size } from "../image/image.ts";
import type { LabelMap } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import type { MaskReport } from "./image_report.ts";
import type { SegmentationSummary } from "./postprocess.ts";

/** Bounds of the longer side of a panel in pixels: small images are enlarged, large ones reduced. */
const PANEL = { min: 256, max: 1024 };

/** Minimum of the shorter side of a panel: captions below narrow images need room. */
const MIN_SIDE = 128;

/** Draws image, mask and overlay side by side, with a title. */
export function drawPrediction(image: RgbImage, mask: Mask, title: string): Promise<RgbImage> {
  return drawFigure([
    { image, caption: "Original image" },
    { image: maskToRgb(mask), caption: "Predicted mask" },
    { image: outlineMask(image, mask, OUTLINE_COLORS.predicted), caption: "Overlay" },
  ], { title, cell: panelSize(image) });
}

/** What {@linkcode drawClasses} draws; all of one size. */
export interface ClassFigure {
  /** The image. */
  readonly image: RgbImage;
  /** The image with outlines. */
  readonly overlay: RgbImage;
  /** The label of each pixel. */
  readonly map: LabelMap;
  /** The color of each label. */
  readonly palette: readonly Color[];
}

/** Draws image, classes and overlay side by side, with a legend of the classes' areas and the image's name as title. */
export function drawClasses(
  { image, overlay, map, palette }: ClassFigure,
  classes: readonly (Pick<SegmentationSummary, "area" | "share"> & { readonly name: string })[],
  title: string,
): Promise<RgbImage> {
  const data = new Uint8Array(3 * map.data.length);
  map.data.forEach((label, at) => data.set(palette[label]!, 3 * at));
  return drawFigure([
    { image, caption: "Original image" },
    { image: { width: map.width, height: map.height, data }, caption: "Predicted classes" },
    { image: overlay, caption: "Overlay" },
  ], {
    title,
    legend: classes.map(({ name, area, share }, index) => ({
      name: area === 0 ? `${name}: nothing found` : `${name}: ${areaText(area, share)}`,
      color: palette[index + 1]!,
    })),
    cell: panelSize(image),
  });
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
  const count = `${lesions.length.toLocaleString("en-US")} ${lesions.length === 1 ? "lesion" : "lesions"}`;
  const physical = areaMm2 === undefined ? "" : `, ${formatMm2(areaMm2)}`;
  return `${count}, ${areaText(area, share)}${physical} in ${name}`;
}

/** Square millimeters to four digits. */
export function formatMm2(area: number): string {
  return `${Number(area.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 })} mm²`;
}

function areaText(area: number, share: number): string {
  return `${area.toLocaleString("en-US")} px (${(100 * share).toFixed(2)} %)`;
}
