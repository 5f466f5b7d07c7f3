/**
 * The figure of a prediction: image, mask, and overlay.
 *
 * @module
 */
import { maskToRgb, overlayMask } from "../image/draw.ts";
import { drawFigure } from "../image/draw_figure.ts";
import type { RgbImage, Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";

/** Bounds of the longer side of a panel in pixels: small images are enlarged, large ones reduced. */
const PANEL = { min: 256, max: 384 };

/** Minimum of the shorter side of a panel: captions below narrow images need room. */
const MIN_SIDE = 128;

/** Draws image, mask and overlay side by side, with a title. */
export function drawPrediction(image: RgbImage, mask: Mask, title: string): Promise<RgbImage> {
  return drawFigure([
    { image, caption: "Original image" },
    { image: maskToRgb(mask), caption: "Predicted mask" },
    { image: overlayMask(image, mask), caption: "Overlay" },
  ], { title, cell: panelSize(image) });
}

/** The size of a panel for an image: bounded, and with the aspect ratio of the image unless that is very narrow. */
export function panelSize({ width, height }: Size): Size {
  const side = Math.max(width, height);
  const factor = Math.min(Math.max(side, PANEL.min), PANEL.max) / side;
  const scaled = (length: number) => Math.max(MIN_SIDE, Math.round(factor * length));
  return { width: scaled(width), height: scaled(height) };
}
