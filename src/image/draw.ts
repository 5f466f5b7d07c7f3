/**
 * Draws masks over images, and converts and scales images for display.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { assertImage, type GrayImage, repeatGray, type RgbImage, type Size } from "./image.ts";
import type { Mask } from "./mask.ts";
import { resizeImage } from "./resize.ts";

/** Red, green and blue, 0 to 255 each. */
export type Color = readonly [red: number, green: number, blue: number];

/** How {@linkcode overlayMask} draws. */
export interface OverlayOptions {
  /** Color of the mask's pixels; defaults to red. */
  color?: Color;
  /** Opacity of the color inside the mask, 0 to 1; defaults to 0.4. */
  opacity?: number;
  /** Whether the mask's border is drawn in full color; defaults to true. */
  outline?: boolean;
  /** Pixels of the border; default to 1 per 256 pixels of the longer side. */
  reach?: number;
}

const RED: Color = [255, 48, 48];

/**
 * Draws a mask over an image of the same size: its pixels tinted, its border in full color. Throws a TypeError if the
 * sizes differ.
 */
export function overlayMask(image: RgbImage, mask: Mask, options: OverlayOptions = {}): RgbImage {
  assertSameSize(image, mask);
  const { color = RED, opacity = 0.4, outline = true, reach = lineWidth(image) } = options;
  const data = image.data.slice();
  for (let y = 0, i = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, i++) {
      if (mask.data[i] === 0) continue;
      const share = outline && isBorder(mask, x, y, reach) ? 1 : opacity;
      for (let c = 0; c < 3; c++) {
        const at = 3 * i + c;
        data[at] = Math.round((1 - share) * (data[at] as number) + share * (color[c] as number));
      }
    }
  }
  return { width: image.width, height: image.height, data };
}

/** The prediction's outline, orange, and the annotation's, sky blue: distinct with any color vision, and on gray. */
export const OUTLINE_COLORS = {
  predicted: [255, 159, 0],
  annotated: [86, 180, 233],
} as const satisfies Record<
  string,
  Color
>;

/**
 * Draws a line of `reach` pixels around a mask, outside of it: the image within stays as it is. Throws a TypeError if
 * the sizes differ.
 */
export function outlineMask(
  image: RgbImage,
  mask: Mask,
  color: Color,
  reach: number = lineWidth(image),
): RgbImage {
  assertSameSize(image, mask);
  const { width, height } = mask;
  const data = image.data.slice();
  const set = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask.data[y * width + x] !== 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask.data[i] === 0 || !isBorder(mask, x, y, 1)) continue;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const [px, py] = [x + dx, y + dy];
          const outside = px < 0 || py < 0 || px >= width || py >= height;
          if (outside || dx * dx + dy * dy > reach * reach || set(px, py)) continue;
          data.set(color, 3 * (py * width + px));
        }
      }
    }
  }
  return { width, height, data };
}

/** Wide enough to be visible when a large image is displayed small. */
function lineWidth({ width, height }: Size): number {
  return Math.max(1, Math.round(Math.max(width, height) / 256));
}

/** Throws a TypeError unless a mask or label map has the size of the image. */
export function assertSameSize(image: RgbImage, mask: Mask): void {
  assertImage(image, 3, "draw a mask over an image");
  assertImage(mask, 1, "draw a mask over an image");
  if (image.width !== mask.width || image.height !== mask.height) {
    throw new TypeError(
      `Cannot draw a mask of ${mask.width} x ${mask.height} over an image of ${image.width} x ${image.height}`,
    );
  }
}

/** A mask as an image: background black, foreground white. */
export function maskToRgb(mask: Mask): RgbImage {
  const { width, height, data } = mask;
  const gray = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) gray[i] = data[i] === 0 ? 0 : 255;
  return grayToRgb({ width, height, data: gray });
}

/** A grayscale image with its channel repeated three times. */
export function grayToRgb(image: GrayImage): RgbImage {
  assertImage(image, 1, "convert a grayscale image to RGB");
  return repeatGray({ ...image, channels: 1 });
}

/** Whether the mask or the image ends within `reach` pixels above, below, left or right of a pixel. */
function isBorder({ width, height, data }: Mask, x: number, y: number, reach: number): boolean {
  if (x < reach || y < reach || x >= width - reach || y >= height - reach) return true;
  const i = y * width + x;
  for (let step = 1; step <= reach; step++) {
    if (data[i - step] === 0 || data[i + step] === 0) return true;
    if (data[i - step * width] === 0 || data[i + step * width] === 0) return true;
  }
  return false;
}

/** Scales an image to the largest size that fits `cell`, keeping its aspect ratio. */
export function scaleToFit(image: RgbImage, cell: Size): RgbImage {
  const factor = Math.min(cell.width / image.width, cell.height / image.height);
  const width = Math.max(1, Math.round(image.width * factor));
  const height = Math.max(1, Math.round(image.height * factor));
  if (width === image.width && height === image.height) return image;
  const values = resizeImage(image, { width, height }).data;
  const plane = width * height;
  const data = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(255 * (values[c * plane + i] as number));
  }
  return { width, height, data };
}

/** Copies an image to a place of the canvas where it fits. */
export function paste(canvas: RgbImage, image: RgbImage, left: number, top: number): void {
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    canvas.data.set(row, ((top + y) * canvas.width + left) * 3);
  }
}
