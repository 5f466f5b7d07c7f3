/**
 * The figure of a prediction: image, mask, and overlay.
 *
 * @module
 */
import { maskToRgb, OUTLINE_COLORS, outlineMask } from "../image/draw.ts";
import { drawFigure } from "../image/draw_figure.ts";
import type { RgbImage, Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
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
  { lesions, area, share }: Pick<SegmentationSummary, "lesions" | "area" | "share">,
): string {
  if (area === 0) return `nothing found in ${name}`;
  const count = `${lesions.length.toLocaleString("en-US")} ${lesions.length === 1 ? "lesion" : "lesions"}`;
  return `${count}, ${area.toLocaleString("en-US")} px (${(100 * share).toFixed(2)} %) in ${name}`;
}
