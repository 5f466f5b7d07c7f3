/**
 * The masks, the tool's shape and the cursor as layers of the shared viewer.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Layer, LayerFrame } from "../viewer/layers.ts";
import { TILE_SIDE } from "./model/bit_tiles.ts";
import type { Point } from "./model/brush.ts";
import { drawOverlay, type OverlayMask, type ScreenRect } from "./model/overlay.ts";
import type { ToolShape } from "./tools/tool.ts";
import type { Size } from "../../../image/image.ts";

/** Draws masks; keeps what it drew, and draws only changed tiles again. */
export class OverlayLayer implements Layer {
  readonly #size: Size;
  readonly #masks: () => readonly OverlayMask[];
  readonly #canvas = document.createElement("canvas");
  #drawn = "";
  #changed: Set<number> | null = null;

  /** `masks` gives what is to be drawn in images of `size`. */
  constructor(size: Size, masks: () => readonly OverlayMask[]) {
    this.#size = size;
    this.#masks = masks;
  }

  /** Tiles changed, or, without an argument, anything. */
  invalidate(tiles?: ReadonlySet<number>): void {
    if (tiles === undefined) this.#drawn = "";
    else this.#changed = new Set([...this.#changed ?? [], ...tiles]);
  }

  draw(context: CanvasRenderingContext2D, frame: LayerFrame): void {
    const { width, height } = context.canvas;
    const key = [width, height, frame.x, frame.y, frame.width, frame.height].join();
    if (key !== this.#drawn) {
      if (this.#canvas.width !== width) this.#canvas.width = width;
      if (this.#canvas.height !== height) this.#canvas.height = height;
      this.#canvas.getContext("2d")!.clearRect(0, 0, width, height);
      const line = this.#line(frame);
      this.#paint(
        frame,
        clip({
          left: frame.x - line,
          top: frame.y - line,
          width: frame.width + 2 * line,
          height: frame.height + 2 * line,
        }, context.canvas),
      );
      this.#drawn = key;
    } else if (this.#changed !== null && this.#changed.size > 0) {
      this.#paint(frame, clip(this.#rectOf(this.#changed, frame), context.canvas));
    }
    this.#changed = null;
    context.drawImage(this.#canvas, 0, 0);
  }

  #line({ ratio }: LayerFrame): number {
    return Math.max(1, Math.round(1.5 * ratio));
  }

  #paint(frame: LayerFrame, rect: ScreenRect | null): void {
    if (rect === null) return;
    const rgba = drawOverlay(this.#masks(), { ...frame, line: this.#line(frame) }, rect);
    const image = new ImageData(rgba, rect.width, rect.height);
    this.#canvas.getContext("2d")!.putImageData(image, rect.left, rect.top);
  }

  /** The part of the screen that tiles cover, with the outlines around them. */
  #rectOf(tiles: ReadonlySet<number>, frame: LayerFrame): ScreenRect {
    const columns = Math.ceil(this.#size.width / TILE_SIDE);
    let left = Infinity, top = Infinity, right = 0, bottom = 0;
    for (const tile of tiles) {
      const [x, y] = [tile % columns * TILE_SIDE, Math.floor(tile / columns) * TILE_SIDE];
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x + TILE_SIDE);
      bottom = Math.max(bottom, y + TILE_SIDE);
    }
    const [across, down] = [frame.width / this.#size.width, frame.height / this.#size.height];
    const margin = 2 * this.#line(frame) + 1;
    const from = {
      x: Math.floor(frame.x + left * across) - margin,
      y: Math.floor(frame.y + top * down) - margin,
    };
    return {
      left: from.x,
      top: from.y,
      width: Math.ceil(frame.x + right * across) + margin - from.x,
      height: Math.ceil(frame.y + bottom * down) + margin - from.y,
    };
  }
}

/** The part of a rectangle that is on the canvas; null if there is none. */
function clip({ left, top, width, height }: ScreenRect, canvas: Size): ScreenRect | null {
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  const size = {
    width: Math.min(canvas.width, left + width) - x,
    height: Math.min(canvas.height, top + height) - y,
  };
  return size.width > 0 && size.height > 0 ? { left: x, top: y, ...size } : null;
}

/** Draws the tool's shape and the cursor of the keyboard over everything. */
export function shapeLayer(
  size: Size,
  shape: () => ToolShape | null,
  cursor: () => Point | null,
): Layer {
  return {
    draw(context, frame) {
      const scale = frame.width / size.width;
      const place = ({ x, y }: Point) =>
        [frame.x + x * scale, frame.y + y * frame.height / size.height] as const;
      const path = new Path2D();
      const tool = shape();
      if (tool?.kind === "disc") {
        path.arc(...place(tool.at), Math.max(1, tool.diameter / 2 * scale), 0, 2 * Math.PI);
      } else if (tool?.kind === "polygon") {
        tool.corners.forEach((corner, i) =>
          i === 0 ? path.moveTo(...place(corner)) : path.lineTo(...place(corner))
        );
        path.closePath();
        const [x, y] = place(tool.corners[0]!);
        path.moveTo(x + 4 * frame.ratio, y);
        path.arc(x, y, 4 * frame.ratio, 0, 2 * Math.PI);
      }
      const at = cursor();
      if (at !== null) {
        const [x, y] = place({ x: at.x + 0.5, y: at.y + 0.5 });
        const [gap, end] = [4 * frame.ratio, 12 * frame.ratio];
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
          path.moveTo(x + dx * gap, y + dy * gap);
          path.lineTo(x + dx * end, y + dy * end);
        }
      }
      // Light on dark, so that it shows on every image.
      context.lineCap = "round";
      context.setLineDash([]);
      context.strokeStyle = "rgb(0 0 0 / 75%)";
      context.lineWidth = 3.5 * frame.ratio;
      context.stroke(path);
      context.strokeStyle = "#ffffff";
      context.lineWidth = 1.5 * frame.ratio;
      context.stroke(path);
    },
  };
}
