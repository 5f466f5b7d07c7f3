/**
 * The figure of a prediction: image, mask, and the one over the other.
 *
 * @module
 */
import { maskToRgb, overlayMask } from "../image/draw.ts";
import { drawFigure } from "../image/draw_figure.ts";
import type { RgbImage, Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";

/** Least and most pixels of a panel's longer side: small images are enlarged, large ones reduced. */
const PANEL = { least: 256, most: 384 };

/** Least pixels of a panel's shorter side: captions need room beneath narrow images. */
const LEAST_SIDE = 128;

/** Draws image, mask and overlay side by side, with a title. */
export function drawPrediction(image: RgbImage, mask: Mask, title: string): Promise<RgbImage> {
  return drawFigure([
    { image, caption: "Original image" },
    { image: maskToRgb(mask), caption: "Predicted mask" },
    { image: overlayMask(image, mask), caption: "Overlay" },
  ], { title, cell: panelSize(image) });
}

/** The size of a panel for an image: its own within bounds, and in its proportions unless it is very narrow. */
export function panelSize({ width, height }: Size): Size {
  const side = Math.max(width, height);
  const factor = Math.min(Math.max(side, PANEL.least), PANEL.most) / side;
  const scaled = (length: number) => Math.max(LEAST_SIDE, Math.round(factor * length));
  return { width: scaled(width), height: scaled(height) };
}
