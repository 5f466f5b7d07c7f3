/**
 * A pane that shows an image: wheel, pinch, drag, keys and buttons move it; panes of one viewport move together.
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../image/image.ts";
import { h, on } from "../dom.ts";
import { Gestures, type Tool } from "./gestures.ts";
import type { Layer, LayerFrame } from "./layers.ts";
import { type Point, Viewport } from "./viewport.ts";

/** Settings of {@linkcode ImageViewer}. */
export interface ViewerOptions {
  /** What it shows, for screen readers: "Image 3.png". */
  readonly label: string;
  /** The part of the image; share it to move several panes together. Its own by default. */
  readonly viewport?: Viewport;
  /** Whether arrow keys move the image; defaults to true. With Shift they always do. */
  readonly arrowsPan?: boolean;
}

/** CSS pixels that an arrow key moves the image. */
const KEY_PAN = 48;

/** The factor of a key or button that magnifies. */
export const ZOOM_STEP = 1.5;

/** A canvas with layers. Append `element` to the page, and call `close` when it is gone. */
export class ImageViewer {
  /** The pane. */
  readonly element: HTMLElement;
  /** What is drawn on; its `aria-label` may be changed. */
  readonly canvas: HTMLCanvasElement;
  /** The part of the image that is shown. */
  readonly viewport: Viewport;
  #layers: readonly Layer[] = [];
  #frame = 0;
  #pane: Size = { width: 1, height: 1 };
  readonly #gestures: Gestures;
  readonly #closers: (() => void)[] = [];

  /** Makes a pane; it has no layers yet. */
  constructor({ label, viewport = new Viewport(), arrowsPan = true }: ViewerOptions) {
    this.viewport = viewport;
    this.canvas = h("canvas", { class: "viewer-canvas", tabindex: 0, role: "img", "aria-label": label });
    this.element = h("div", { class: "viewer" }, this.canvas);
    this.#gestures = new Gestures(this.canvas, viewport, () => this.#pane, () => this.redraw());
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.element);
    this.#closers.push(
      () => observer.disconnect(),
      viewport.subscribe(() => this.redraw()),
      on(this.canvas, "keydown", (event: KeyboardEvent) => {
        if (this.#press(event, arrowsPan)) event.preventDefault();
      }),
    );
  }

  /** The pane's size in CSS pixels. */
  get pane(): Size {
    return this.#pane;
  }

  /** Replaces what is drawn, from the bottom up. The image's size is the viewport's. */
  setLayers(layers: readonly Layer[]): void {
    this.#layers = layers;
    this.redraw();
  }

  /**
   * What a pointer does other than moving the image; null for nothing. With a tool, the middle button, Space and two
   * fingers still move it.
   */
  setTool(tool: Tool | null): void {
    this.#gestures.setTool(tool);
  }

  /** Where a point of the pane lies in the image. */
  toImage(point: Point): Point {
    return this.viewport.toImage(point, this.#pane);
  }

  /** Draws again before the next frame; layers that change call it. */
  redraw(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** Magnifies by a factor. */
  zoomBy(factor: number): void {
    this.viewport.zoomBy(factor, this.#pane);
  }

  /** Shows one pixel of the image as one pixel of the screen. */
  showNative(): void {
    this.viewport.zoomTo(1 / devicePixelRatio, this.#pane);
  }

  /** Stops listening. */
  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#gestures.close();
    this.#closers.forEach((close) => close());
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.element;
    this.#pane = { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
    this.canvas.width = Math.round(this.#pane.width * devicePixelRatio);
    this.canvas.height = Math.round(this.#pane.height * devicePixelRatio);
    // At once: a canvas is empty after it was resized, and would flicker.
    this.#draw();
  }

  #draw(): void {
    this.#frame = 0;
    const context = this.canvas.getContext("2d")!;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#gestures.updateTouch();
    const frame = this.#layerFrame();
    for (const layer of this.#layers) layer.draw(context, frame);
  }

  #layerFrame(): LayerFrame {
    const ratio = devicePixelRatio;
    const { x, y } = this.viewport.toPane({ x: 0, y: 0 }, this.#pane);
    const scale = this.viewport.scaleIn(this.#pane) * ratio;
    const { width, height } = this.viewport.size;
    // Whole device pixels, so that native resolution is not smeared over two.
    return {
      x: Math.round(x * ratio),
      y: Math.round(y * ratio),
      width: Math.round(width * scale),
      height: Math.round(height * scale),
      ratio,
    };
  }

  /** Whether a key is one of the viewer's. */
  #press({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent, arrowsPan: boolean): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    const pan = PANS[key];
    if (pan !== undefined) {
      if (!arrowsPan && !shiftKey) return false;
      this.viewport.panBy(pan[0] * KEY_PAN, pan[1] * KEY_PAN, this.#pane);
      return true;
    }
    if (key === "+" || key === "=") this.zoomBy(ZOOM_STEP);
    else if (key === "-") this.zoomBy(1 / ZOOM_STEP);
    else if (key === "0") this.viewport.fit();
    else if (key === "1") this.showNative();
    else return false;
    return true;
  }
}

const PANS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
