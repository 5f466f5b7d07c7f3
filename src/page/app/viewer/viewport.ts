/**
 * Which part of an image is shown: shared by panes, so that they move together.
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../image/image.ts";

/** A point in a pane (CSS pixels from its upper left corner), or in the image (its pixels; the first one is 0 to 1). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Most CSS pixels per pixel of the image. */
const MOST_SCALE = 64;

/** A view on an image of `size`. */
export class Viewport {
  #size: Size;
  /** The pixel of the image in the middle of every pane. */
  #center: Point;
  /** CSS pixels per pixel of the image; null fits it into each pane. */
  #scale: number | null = null;
  readonly #listeners = new Set<() => void>();

  /** Fits the image into its panes. */
  constructor(size: Size = { width: 1, height: 1 }) {
    this.#size = size;
    this.#center = middle(size);
  }

  /** The size of the image. */
  get size(): Size {
    return this.#size;
  }

  /** Whether the image fills its panes, as a whole. */
  get fits(): boolean {
    return this.#scale === null;
  }

  /** Shows another image: fitted, or, if it has the same size, at the same place. */
  show(size: Size): void {
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.fit();
  }

  /** CSS pixels per pixel of the image in a pane. */
  scaleIn(pane: Size): number {
    return this.#scale ?? this.#fitScale(pane);
  }

  /** Where a point of a pane lies in the image. */
  toImage({ x, y }: Point, pane: Size): Point {
    const scale = this.scaleIn(pane);
    return {
      x: this.#center.x + (x - pane.width / 2) / scale,
      y: this.#center.y + (y - pane.height / 2) / scale,
    };
  }

  /** Where a point of the image lies in a pane. */
  toPane({ x, y }: Point, pane: Size): Point {
    const scale = this.scaleIn(pane);
    return {
      x: pane.width / 2 + (x - this.#center.x) * scale,
      y: pane.height / 2 + (y - this.#center.y) * scale,
    };
  }

  /** Fits the image into each pane. */
  fit(): void {
    this.#scale = null;
    this.#center = middle(this.#size);
    this.#changed();
  }

  /** Scales by a factor about a point of a pane, which stays where it is; the middle by default. */
  zoomBy(factor: number, pane: Size, at: Point = middle(pane)): void {
    this.zoomTo(this.scaleIn(pane) * factor, pane, at);
  }

  /** Scales to CSS pixels per pixel of the image: 1 / devicePixelRatio is the image's native resolution. */
  zoomTo(scale: number, pane: Size, at: Point = middle(pane)): void {
    const least = Math.min(this.#fitScale(pane), 1 / (globalThis.devicePixelRatio ?? 1));
    const fixed = this.toImage(at, pane);
    this.#scale = Math.min(Math.max(scale, least), MOST_SCALE);
    this.#moveTo({
      x: fixed.x - (at.x - pane.width / 2) / this.#scale,
      y: fixed.y - (at.y - pane.height / 2) / this.#scale,
    }, pane);
  }

  /** Moves the image by CSS pixels of a pane. */
  panBy(dx: number, dy: number, pane: Size): void {
    const scale = this.scaleIn(pane);
    this.#moveTo({ x: this.#center.x - dx / scale, y: this.#center.y - dy / scale }, pane);
  }

  /** Brings a point of the image to the middle, at the given scale if the image is smaller. */
  lookAt(point: Point, leastScale: number, pane: Size): void {
    this.#scale = Math.max(this.scaleIn(pane), leastScale);
    this.#moveTo(point, pane);
  }

  /** Calls `listener` after every change, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #fitScale(pane: Size): number {
    return Math.min(pane.width / this.#size.width, pane.height / this.#size.height);
  }

  /** Keeps the image within the pane where it is larger, and in its middle where it is smaller. */
  #moveTo(center: Point, pane: Size): void {
    const scale = this.scaleIn(pane);
    const clamp = (value: number, side: number, extent: number) => {
      const half = extent / scale / 2;
      return 2 * half >= side ? side / 2 : Math.min(Math.max(value, half), side - half);
    };
    this.#center = {
      x: clamp(center.x, this.#size.width, pane.width),
      y: clamp(center.y, this.#size.height, pane.height),
    };
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function middle({ width, height }: Size): Point {
  return { x: width / 2, y: height / 2 };
}
