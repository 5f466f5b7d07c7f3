/**
 * Masks as pixels of the screen: sampled from tiles for what is visible only, so that the cost does not depend on the
 * size of the image. Outlines have the same width at any magnification.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Color } from "../../../../image/draw.ts";
import type { BitTiles } from "./bit_tiles.ts";

/** How a mask is drawn. */
export interface OverlayStyle {
  readonly color: Color;
  /** Opacity of the area, 0 to 1. */
  readonly fill: number;
  /** Whether the border is drawn; a dashed one is that of a version to compare with. */
  readonly outline: "none" | "solid" | "dashed";
  /** Whether the area is hatched rather than plain. */
  readonly hatched?: boolean;
}

/** A mask to draw. */
export interface OverlayMask extends OverlayStyle {
  readonly tiles: BitTiles;
}

/** Where the image lies on the screen, in device pixels. */
export interface OverlayFrame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The width of outlines. */
  readonly line: number;
}

/** A part of the screen, in device pixels. */
export interface ScreenRect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Device pixels from stripe to stripe of hatches, and of a dash with its gap. */
const PERIOD = 8;

/** Draws masks, from the bottom up, as `rect.width * rect.height` RGBA pixels. */
export function drawOverlay(
  masks: readonly OverlayMask[],
  frame: OverlayFrame,
  rect: ScreenRect,
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * rect.width * rect.height);
  for (const mask of masks) drawMask(rgba, mask, frame, rect);
  return rgba;
}

function drawMask(rgba: Uint8ClampedArray, mask: OverlayMask, frame: OverlayFrame, rect: ScreenRect): void {
  const line = mask.outline === "none" ? 0 : Math.max(1, Math.round(frame.line));
  // Pixels around the part decide where its borders are.
  const margin = Math.max(1, line);
  const [width, height] = [rect.width + 2 * margin, rect.height + 2 * margin];
  const xs = positions(rect.left - margin, width, frame.x, frame.width, mask.tiles.width);
  const ys = positions(rect.top - margin, height, frame.y, frame.height, mask.tiles.height);
  const inside = sample(mask.tiles, xs, ys);
  if (inside === null) return;
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      const at = (y + margin) * width + x + margin;
      const to = 4 * (y * rect.width + x);
      const stripe = rect.left + x + rect.top + y;
      if (inside[at] === 1) {
        if (line > 0 && isBorder(inside, at, width, line)) {
          const isGap = mask.outline === "dashed" && mod(stripe, PERIOD) >= PERIOD / 2;
          if (!isGap) blend(rgba, to, mask.color, 1);
          else blend(rgba, to, BLACK, RIM);
        } else if (mask.fill > 0 && (!mask.hatched || mod(stripe, PERIOD) < 2)) {
          blend(rgba, to, mask.color, mask.fill);
        }
      } else if (line > 0 && touches(inside, at, width)) blend(rgba, to, BLACK, RIM);
    }
  }
}

const BLACK: Color = [0, 0, 0];

/** Opacity of the dark rim that shows outlines on bright images. */
const RIM = 0.55;

/** For each pixel of the screen, the pixel of the image under its center; -1 outside of the image. */
function positions(from: number, count: number, start: number, extent: number, side: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const place = Math.floor((from + i + 0.5 - start) * side / extent);
    return place >= 0 && place < side ? place : -1;
  });
}

/** 1 for each pixel of the screen on a set pixel; null if there is none. */
function sample(tiles: BitTiles, xs: Int32Array, ys: Int32Array): Uint8Array | null {
  const inside = new Uint8Array(xs.length * ys.length);
  let isEmpty = true;
  for (let row = 0; row < ys.length; row++) {
    const y = ys[row]!;
    if (y < 0) continue;
    if (row > 0 && ys[row - 1] === y) {
      inside.copyWithin(row * xs.length, (row - 1) * xs.length, row * xs.length);
      continue;
    }
    for (let column = 0; column < xs.length; column++) {
      if (xs[column]! < 0 || !tiles.get(xs[column]!, y)) continue;
      inside[row * xs.length + column] = 1;
      isEmpty = false;
    }
  }
  return isEmpty ? null : inside;
}

function isBorder(inside: Uint8Array, at: number, width: number, line: number): boolean {
  for (const step of line === 1 ? [1] : [1, line]) {
    if (inside[at - step] === 0 || inside[at + step] === 0) return true;
    if (inside[at - step * width] === 0 || inside[at + step * width] === 0) return true;
  }
  return false;
}

function touches(inside: Uint8Array, at: number, width: number): boolean {
  return inside[at - 1] === 1 || inside[at + 1] === 1 || inside[at - width] === 1 || inside[at + width] === 1;
}

/** Lays a color over a pixel. */
function blend(rgba: Uint8ClampedArray, at: number, color: Color, alpha: number): void {
  const below = rgba[at + 3]! / 255 * (1 - alpha);
  const sum = alpha + below;
  for (let i = 0; i < 3; i++) rgba[at + i] = (color[i]! * alpha + rgba[at + i]! * below) / sum;
  rgba[at + 3] = 255 * sum;
}

function mod(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
