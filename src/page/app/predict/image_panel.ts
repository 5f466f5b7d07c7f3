/**
 * The image that is shown, with its masks or probabilities over it. This module is browser compatible.
 *
 * @module
 */
import type { Box } from "../../../image/components.ts";
import type { RgbImage } from "../../../image/image.ts";
import type { Mask } from "../../../image/mask.ts";
import { type Color } from "../../../image/draw.ts";
import { colorOfHex } from "../../../image/palette.ts";
import { resizeProbabilities } from "../../../prediction/probability_map.ts";
import { fill, h, uniqueId } from "../dom.ts";
import { ImageViewer } from "../viewer/image_viewer.ts";
import { bitmapLayer, boxLayer, type Layer, outlineLayer } from "../viewer/layers.ts";
import { type Bitmap, heatBitmap, heatColor, maskBitmap, rgbBitmap } from "../viewer/pixels.ts";
import { zoomButtons } from "../viewer/toolbar.ts";
import type { EngineModel } from "./engine.ts";
import { swatch } from "./numbers_panel.ts";
import type { PredictedImage } from "./predicted_image.ts";

/** What is drawn over the image. */
export type Picture = "outline" | "filled" | "mask" | "probability" | "image";

const PICTURES: readonly [Picture, string][] = [
  ["outline", "Outline"],
  ["filled", "Filled"],
  ["mask", "Mask"],
  ["probability", "Probability"],
  ["image", "Image"],
];

/** How opaque a filled mask is. */
const FILL_ALPHA = 110;

/** The color of a mark around a chosen lesion. */
const MARK: Color = [255, 255, 255];

/** Colors of the legend of probabilities. */
const LEGEND_STEPS = 8;

/** What is shown of an image. */
export interface Shown {
  /** Its path. */
  readonly name: string;
  readonly predicted: PredictedImage;
  readonly image: RgbImage;
  /** A mask per class, at the image's size. */
  readonly masks: readonly Mask[];
}

/** The pane with its controls; add `element` to the page, and call `close` when it is gone. */
export class ImagePanel {
  readonly element: HTMLElement;
  readonly #model: EngineModel;
  readonly #colors: readonly Color[];
  readonly #viewer = new ImageViewer({ label: "Image" });
  readonly #zoom = zoomButtons(this.#viewer);
  readonly #title: HTMLElement = h("h2", { class: "predict-title" });
  readonly #legend: HTMLElement = h("div", { class: "predict-legend" });
  readonly #visible: boolean[];
  #picture: Picture = "outline";
  #class = 0;
  #shown: Shown | null = null;
  #bitmap: { readonly image: RgbImage; readonly bitmap: Bitmap } | null = null;
  #mark: Box | null = null;

  /** An empty pane for a model's images. */
  constructor(model: EngineModel) {
    this.#model = model;
    this.#colors = model.classes.map(({ color }) => colorOfHex(color)!);
    this.#visible = model.classes.map(() => true);
    this.element = h(
      "div",
      { class: "predict-pane" },
      this.#title,
      h("div", { class: "toolbar" }, this.#pictureChoice(), this.#zoom.element),
      this.#viewer.element,
      this.#legend,
    );
    this.#drawLegend();
  }

  /** Shows an image, or the same one with other masks. */
  show(shown: Shown): void {
    const isOther = this.#shown?.predicted !== shown.predicted;
    this.#shown = shown;
    if (isOther) {
      this.#mark = null;
      this.#title.textContent = shown.name;
      this.#title.title = shown.name;
      this.#viewer.viewport.show(shown.image);
      this.#viewer.canvas.setAttribute("aria-label", `${shown.name}, with what was predicted`);
    }
    this.#draw();
  }

  /** Brings a lesion to the middle and marks it. */
  mark(box: Box): void {
    this.#mark = box;
    const { width, height } = this.#viewer.pane;
    const scale = Math.min(width / (4 * box.width), height / (4 * box.height), 8);
    const center = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    this.#viewer.viewport.lookAt(center, scale, this.#viewer.pane);
    this.#draw();
  }

  /** Frees what the pane holds. */
  close(): void {
    this.#zoom.close();
    this.#viewer.close();
  }

  #draw(): void {
    if (this.#shown === null) return;
    this.#viewer.setLayers([
      ...this.#layers(this.#shown),
      ...(this.#mark === null ? [] : [boxLayer(this.#mark, this.#shown.image, MARK)]),
    ]);
  }

  #layers({ predicted, image, masks }: Shown): Layer[] {
    const visible = <T>(make: (mask: Mask, color: Color) => T): T[] =>
      masks.flatMap((mask, index) => this.#visible[index] ? [make(mask, this.#colors[index]!)] : []);
    switch (this.#picture) {
      case "image":
        return [this.#imageLayer(image)];
      case "outline":
        return [this.#imageLayer(image), ...visible((mask, color) => outlineLayer(mask, { color }))];
      case "filled":
        return [
          this.#imageLayer(image),
          ...visible((mask, color) => bitmapLayer(maskBitmap(mask, color, FILL_ALPHA))),
        ];
      case "mask":
        return visible((mask, color) =>
          bitmapLayer(maskBitmap(mask, masks.length === 1 ? [255, 255, 255] : color))
        );
      case "probability": {
        const map = resizeProbabilities(predicted.maps[this.#class]!, predicted.size);
        return [bitmapLayer(heatBitmap(map.data, predicted.size))];
      }
    }
  }

  #imageLayer(image: RgbImage): Layer {
    if (this.#bitmap?.image !== image) this.#bitmap = { image, bitmap: rgbBitmap(image) };
    return bitmapLayer(this.#bitmap.bitmap);
  }

  #pictureChoice(): HTMLElement {
    const name = uniqueId("picture");
    const choice = ([value, label]: [Picture, string]) => {
      const id = uniqueId("picture");
      const radio = h("input", {
        type: "radio",
        id,
        name,
        value,
        checked: value === this.#picture,
        onchange: () => {
          this.#picture = value;
          this.#drawLegend();
          this.#draw();
        },
      });
      return h("span", {}, radio, h("label", { for: id }, label));
    };
    return h(
      "div",
      { class: "predict-pictures", role: "radiogroup", "aria-label": "What is shown" },
      PICTURES.map((each) => choice([...each])),
    );
  }

  /** The classes, to be shown or hidden; or the scale of probabilities. */
  #drawLegend(): void {
    const { classes } = this.#model;
    if (this.#picture === "image") return fill(this.#legend);
    if (this.#picture === "probability") {
      return fill(this.#legend, classes.length > 1 ? this.#classChoice() : null, scaleOfProbabilities());
    }
    fill(
      this.#legend,
      classes.map(({ name, color }, index) => {
        if (classes.length === 1) return h("span", { class: "predict-class" }, swatch(color), name);
        const id = uniqueId("class");
        const box = h("input", {
          type: "checkbox",
          id,
          checked: this.#visible[index]!,
          onchange: () => {
            this.#visible[index] = box.checked;
            this.#draw();
          },
        });
        return h("span", { class: "predict-class" }, box, h("label", { for: id }, swatch(color), name));
      }),
    );
  }

  #classChoice(): HTMLElement {
    const id = uniqueId("class");
    const select = h(
      "select",
      {
        id,
        value: `${this.#class}`,
        onchange: () => {
          this.#class = Number(select.value);
          this.#draw();
        },
      },
      this.#model.classes.map(({ name }, index) => h("option", { value: index }, name)),
    );
    return h("span", { class: "predict-class" }, h("label", { for: id }, "Class"), select);
  }
}

function scaleOfProbabilities(): HTMLElement {
  const stops = Array.from({ length: LEGEND_STEPS + 1 }, (_, step) => {
    const [red, green, blue] = heatColor(step / LEGEND_STEPS).map(Math.round);
    return `rgb(${red} ${green} ${blue})`;
  });
  const gradient = `linear-gradient(to right, ${stops.join(", ")})`;
  return h(
    "span",
    { class: "predict-scale", role: "img", "aria-label": "Probability from 0, dark, to 1, light" },
    h("span", {}, "0"),
    h("span", { class: "predict-gradient", style: { "background-image": gradient } }),
    h("span", {}, "1"),
  );
}
