/**
 * The image that is corrected: its bitmap, and its intensities for flooding.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../image/image.ts";
import type { Layer } from "../viewer/layers.ts";
import type { Values } from "./model/flood.ts";

/** Rows that are read from the bitmap at a time: an image of 8192 pixels per side has 256 MiB of RGBA. */
const ROWS = 256;

/**
 * Loads an image.
 *
 * @throws {Error} if the server or the browser cannot, or if the browser shows another size than the masks have
 */
export async function loadBitmap(
  url: string,
  { width, height }: Size,
  signal: AbortSignal,
): Promise<ImageBitmap> {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    const { error = `status ${response.status}` } = await response.json().catch(() => ({})) as {
      error?: string;
    };
    throw new Error(error);
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(await response.blob());
  } catch {
    throw new Error("Cannot show the image: this browser cannot decode it");
  }
  if (bitmap.width !== width || bitmap.height !== height) {
    const shown = `${bitmap.width} x ${bitmap.height}`;
    bitmap.close();
    throw new Error(
      `Cannot show the image: this browser shows ${shown} pixels, its masks have ${width} x ${height}`,
    );
  }
  return bitmap;
}

/** The intensity of every pixel, 0 to 255: the luma of Rec. 601. */
export function intensitiesOf(bitmap: ImageBitmap): Values {
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height);
  const canvas = new OffscreenCanvas(width, Math.min(ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  for (let top = 0; top < height; top += ROWS) {
    const rows = Math.min(ROWS, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const rgba = context.getImageData(0, 0, width, rows).data;
    for (let at = 0, to = top * width; at < rgba.length; at += 4, to++) {
      data[to] = Math.round(0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!);
    }
  }
  return { width, height, data };
}

/** A layer with another brightness and contrast. */
export function filtered(layer: Layer, brightness: number, contrast: number): Layer {
  if (brightness === 1 && contrast === 1) return layer;
  return {
    draw(context, frame) {
      context.filter = `brightness(${brightness}) contrast(${contrast})`;
      layer.draw(context, frame);
      context.filter = "none";
    },
  };
}
