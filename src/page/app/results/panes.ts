/**
 * The panes of an image: the image, its truth, the prediction, their differences, and the probability. They move
 * together.
 * This module is browser compatible.
 *
 * @module
 */
import type { Color } from "../../../image/draw.ts";
import type { Size } from "../../../image/image.ts";
import type { Mask } from "../../../image/mask.ts";
import { fill, h } from "../dom.ts";
import { ImageViewer } from "../viewer/image_viewer.ts";
import { bitmapLayer, boxLayer, type Layer, outlineLayer } from "../viewer/layers.ts";
import { errorBitmap, heatBitmap, MASK_COLORS, maskBitmap } from "../viewer/pixels.ts";
import { zoomButtons } from "../viewer/toolbar.ts";
import { Viewport } from "../viewer/viewport.ts";
import type { ShownMasks } from "./shown_masks.ts";

/** The panes in their order. */
export const PANES = {
  image: "Image",
  truth: "Truth",
  prediction: "Prediction",
  errors: "Errors",
  probability: "Probability",
} as const;

/** A pane. */
export type PaneName = keyof typeof PANES;

/** What the panes show. */
export interface PaneContent {
  readonly name: string;
  /** The image's own size. */
  readonly size: Size;
  readonly pixels: ImageBitmap | null;
  readonly masks: ShownMasks;
  /** Of each class of `masks`; null gives truth and prediction colors of their own. */
  readonly colors: readonly Color[] | null;
  /** Values of the size of the maps; null if none are stored. */
  readonly probabilities: Float32Array | null;
  readonly mapSize: Size;
  /** The size at which masks are compared. */
  readonly comparedSize: Size;
  /** What the audit found, in pixels of the compared masks. */
  readonly box:
    | { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
    | null;
}

/** How strongly a mask tints the image. */
const TINT = 0.3;

/** The tint of the map of errors, below which the image is still seen. */
const ERROR_OPACITY = 0.75;

/** The color of a finding's box. */
const BOX_COLOR = [255, 255, 255] as const;

/** The panes; append `element` and `buttons`, and call `close` when they are gone. */
export class Panes {
  /** The grid of panes. */
  readonly element: HTMLElement;
  /** The buttons that magnify. */
  readonly buttons: HTMLElement = h("div", {});
  readonly viewport: Viewport = new Viewport();
  readonly #viewers: Readonly<Record<PaneName, ImageViewer>>;
  readonly #figures: Readonly<Record<PaneName, HTMLElement>>;
  #closeButtons: () => void = () => {};
  /** A pane that is in view. */
  #shown: ImageViewer;
  /** Of the content shown last: it is kept while a slider changes the masks only. */
  #heat: { readonly of: Float32Array; readonly layer: Layer } | null = null;

  constructor() {
    const names = Object.keys(PANES) as PaneName[];
    const viewers = names.map((name) =>
      [name, new ImageViewer({ label: PANES[name], viewport: this.viewport, arrowsPan: false })] as const
    );
    this.#viewers = Object.fromEntries(viewers) as unknown as Readonly<Record<PaneName, ImageViewer>>;
    const figures = viewers.map(([name, viewer]) =>
      [
        name,
        h("figure", { class: "pane", "data-pane": name }, viewer.element, h("figcaption", {}, PANES[name])),
      ] as const
    );
    this.#figures = Object.fromEntries(figures) as unknown as Readonly<Record<PaneName, HTMLElement>>;
    this.element = h("div", { class: "panes" }, figures.map(([, figure]) => figure));
    this.#shown = this.#viewers.image;
    this.#drawButtons();
  }

  /** Shows one pane large, or all for null. */
  choose(only: PaneName | null): void {
    this.element.classList.toggle("panes-single", only !== null);
    for (const [name, figure] of Object.entries(this.#figures)) {
      figure.hidden = only !== null && only !== name;
    }
    this.#shown = this.#viewers[only ?? "image"];
    this.#drawButtons();
  }

  /** Buttons that measure by a pane in view: a hidden one has no size. */
  #drawButtons(): void {
    this.#closeButtons();
    const { element, close } = zoomButtons(this.#shown);
    fill(this.buttons, element);
    this.#closeButtons = close;
  }

  /** Draws everything. */
  show(content: PaneContent): void {
    const { name, size, pixels, masks: { classes, ignored }, probabilities, box, mapSize, comparedSize } =
      content;
    this.viewport.show(size);
    const base = pixels === null ? [] : [bitmapLayer(pixels)];
    const marks = box === null ? [] : [boxLayer(box, comparedSize, BOX_COLOR)];
    const colorOf = (index: number, own: Color) => content.colors?.[index] ?? own;
    const tinted = (masks: readonly (Mask | null)[], own: Color) =>
      masks.every((mask) => mask === null) ? null : [
        ...base,
        ...masks.flatMap((mask, index) => {
          const color = colorOf(index, own);
          const tint = mask && bitmapLayer(maskBitmap(mask, color), { opacity: TINT });
          return mask && tint ? [tint, outlineLayer(mask, { color })] : [];
        }),
        ...marks,
      ];
    const [truths, predictions] = [
      classes.map(({ truth }) => truth),
      classes.map(({ predicted }) => predicted),
    ];
    this.#set("image", name, pixels === null ? null : [...base, ...marks]);
    this.#set("truth", name, tinted(truths, MASK_COLORS.truth), truths.every(isEmpty));
    this.#set("prediction", name, tinted(predictions, MASK_COLORS.prediction), predictions.every(isEmpty));
    const compared = classes.flatMap(({ predicted, truth }) =>
      predicted && truth ? [{ predicted, truth }] : []
    );
    const errors = compared.length > 0 &&
      bitmapLayer(errorBitmap(compared, ignored), { opacity: ERROR_OPACITY });
    this.#set("errors", name, errors ? [...base, errors, ...marks] : null);
    const outlines = predictions.flatMap((mask, index) =>
      mask ? [outlineLayer(mask, { color: colorOf(index, MASK_COLORS.prediction) })] : []
    );
    this.#set(
      "probability",
      name,
      probabilities && [this.#heatLayer(probabilities, mapSize), ...outlines, ...marks],
    );
  }

  /** Magnifies to a box in pixels of masks of a size. */
  lookAt({ x, y, width, height }: NonNullable<PaneContent["box"]>, compared: Size): void {
    const { pane } = this.#shown;
    const { size } = this.viewport;
    const [across, down] = [size.width / compared.width, size.height / compared.height];
    // The box takes half of the pane.
    const scale = Math.min(pane.width / (2 * width * across), pane.height / (2 * height * down), 16);
    this.viewport.lookAt({ x: (x + width / 2) * across, y: (y + height / 2) * down }, scale, pane);
  }

  close(): void {
    this.#closeButtons();
    for (const viewer of Object.values(this.#viewers)) viewer.close();
  }

  #heatLayer(values: Float32Array, size: Size): Layer {
    if (this.#heat?.of !== values) {
      this.#heat = { of: values, layer: bitmapLayer(heatBitmap(values, size)) };
    }
    return this.#heat.layer;
  }

  #set(pane: PaneName, name: string, layers: readonly Layer[] | null, isEmpty = false): void {
    const viewer = this.#viewers[pane];
    const figure = this.#figures[pane];
    viewer.setLayers(layers ?? []);
    viewer.canvas.setAttribute("aria-label", `${PANES[pane]} of ${name}`);
    const note = layers === null ? ": not available" : isEmpty ? ": no foreground" : null;
    fill(figure.querySelector("figcaption")!, PANES[pane], note && h("span", { class: "muted" }, note));
  }
}

function isEmpty(mask: Mask | null): boolean {
  return mask !== null && !mask.data.includes(1);
}
