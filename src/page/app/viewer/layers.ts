/**
 * What a viewer draws, from the bottom up; each layer covers the whole image, whatever its own resolution.
 * This module is browser compatible.
 *
 * @module
 */
import type { Color } from "../../../image/draw.ts";
import type { Size } from "../../../image/image.ts";
import type { Mask } from "../../../image/mask.ts";

/** Where a layer is drawn. */
export interface LayerFrame {
  /** Device pixels from the canvas's corner to the image's. */
  readonly x: number;
  readonly y: number;
  /** The image's extent in device pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
}

/** Something to draw over the image. */
export interface Layer {
  /** Draws the layer into a frame of the canvas. */
  draw(context: CanvasRenderingContext2D, frame: LayerFrame): void;
}

/** Pixels: an image, a filled mask, a heat map. Smooth when reduced, and sharp squares when magnified. */
export function bitmapLayer(
  source: CanvasImageSource & Size,
  { opacity = 1 }: { readonly opacity?: number } = {},
): Layer {
  return {
    draw(context, { x, y, width, height }) {
      context.globalAlpha = opacity;
      context.imageSmoothingEnabled = width < source.width;
      context.imageSmoothingQuality = "high";
      context.drawImage(source, x, y, width, height);
      context.globalAlpha = 1;
    },
  };
}

/** How {@linkcode outlineLayer} draws. */
export interface OutlineStyle {
  readonly color: Color;
  /** The width of the line in CSS pixels; defaults to 1.5. */
  readonly width?: number;
  /** Lengths of dashes and gaps in CSS pixels; none by default. */
  readonly dash?: readonly number[];
}

/** The border of a mask: a line of the same width at any magnification, with a dark rim that shows on bright images. */
export function outlineLayer(mask: Mask, { color, width = 1.5, dash = [] }: OutlineStyle): Layer {
  const path = outlinePath(mask);
  return {
    draw(context, frame) {
      const { ratio } = frame;
      const scaled = new Path2D();
      scaled.addPath(
        path,
        new DOMMatrix([frame.width / mask.width, 0, 0, frame.height / mask.height, frame.x, frame.y]),
      );
      context.lineCap = dash.length > 0 ? "butt" : "square";
      context.setLineDash([]);
      context.strokeStyle = "rgb(0 0 0 / 55%)";
      context.lineWidth = (width + 1) * ratio;
      context.stroke(scaled);
      context.setLineDash(dash.map((length) => length * ratio));
      context.strokeStyle = `rgb(${color.join(" ")})`;
      context.lineWidth = width * ratio;
      context.stroke(scaled);
      context.setLineDash([]);
    },
  };
}

/** A rectangle in pixels of an image of `size`, such as a finding's. */
export function boxLayer(
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  size: Size,
  color: Color,
): Layer {
  return {
    draw(context, frame) {
      const [across, down] = [frame.width / size.width, frame.height / size.height];
      const margin = 3 * frame.ratio;
      context.strokeStyle = `rgb(${color.join(" ")})`;
      context.lineWidth = 1.5 * frame.ratio;
      context.strokeRect(
        frame.x + box.x * across - margin,
        frame.y + box.y * down - margin,
        box.width * across + 2 * margin,
        box.height * down + 2 * margin,
      );
    },
  };
}

/** The borders between set and other pixels, in pixels of the mask. */
export function outlinePath({ width, height, data }: Mask): Path2D {
  const path = new Path2D();
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] !== 0;
  /** Joins neighboring edges of a line to one stroke. */
  const trace = (count: number, isEdge: (i: number) => boolean, line: (from: number, to: number) => void) => {
    for (let i = 0; i < count; i++) {
      if (!isEdge(i)) continue;
      const from = i;
      while (i < count && isEdge(i)) i++;
      line(from, i);
    }
  };
  for (let y = 0; y <= height; y++) {
    trace(width, (x) => at(x, y - 1) !== at(x, y), (from, to) => {
      path.moveTo(from, y);
      path.lineTo(to, y);
    });
  }
  for (let x = 0; x <= width; x++) {
    trace(height, (y) => at(x - 1, y) !== at(x, y), (from, to) => {
      path.moveTo(x, from);
      path.lineTo(x, to);
    });
  }
  return path;
}
