/**
 * An image of the dataset in a pane, with the outlines of its annotations in the colors of their classes.
 * This module is browser compatible.
 *
 * @module
 */
import { decodeRle } from "../../../coco/rle.ts";
import { colorOfHex } from "../../../image/palette.ts";
import type { CorrectionClass } from "../../api/corrections.ts";
import type { DatasetImageDetail } from "../../api/dataset.ts";
import { type Api, ApiError } from "../api.ts";
import { h } from "../dom.ts";
import { ImageViewer } from "../viewer/image_viewer.ts";
import { bitmapLayer, type Layer, outlineLayer } from "../viewer/layers.ts";
import type { Viewport } from "../viewer/viewport.ts";

/** A region of an image. */
export interface ShownRegion {
  readonly name: string;
  readonly color: string;
  /** Its area in pixels of the image. */
  readonly area: number;
  readonly layer: Layer;
}

/** What is known of an opened image. */
export interface OpenedImage {
  readonly width: number;
  readonly height: number;
  readonly regions: readonly ShownRegion[];
  readonly doubt: string | null;
}

/** Settings of {@linkcode OutlinedImage}. */
export interface OutlinedImageOptions {
  readonly api: Api;
  readonly split: string;
  readonly fileName: string;
  readonly classes: readonly CorrectionClass[];
  /** Shared by panes that move together. */
  readonly viewport?: Viewport;
}

/** A class that the dataset does not list. */
const OTHER_COLOR = "#ffffff";

/** An image in a pane; add its `element` to the page. */
export class OutlinedImage {
  readonly element: HTMLElement;
  readonly viewer: ImageViewer;
  /** What was opened; rejects if the image cannot be shown. */
  readonly opened: Promise<OpenedImage>;
  readonly #stopping = new AbortController();
  #bitmap: ImageBitmap | null = null;
  #regions: readonly ShownRegion[] = [];
  #hidden: ReadonlySet<string> = new Set();

  /** Begins to load. */
  constructor(options: OutlinedImageOptions) {
    const { fileName, split, viewport } = options;
    this.viewer = new ImageViewer({
      label: `${fileName} of ${split}, with the outlines of its annotations`,
      arrowsPan: false,
      ...viewport ? { viewport } : {},
    });
    this.element = h("div", { class: "ds-pane", "aria-busy": "true" }, this.viewer.element);
    this.opened = this.#load(options).finally(() => this.element.removeAttribute("aria-busy"));
    this.opened.catch((error: Error) => this.#fail(error));
  }

  /** Hides the outlines of these classes. */
  hide(names: ReadonlySet<string>): void {
    this.#hidden = names;
    this.#draw();
  }

  /** Stops loading, and frees the image. */
  close(): void {
    this.#stopping.abort();
    this.viewer.close();
    this.#bitmap?.close();
  }

  async #load({ api, split, fileName, classes }: OutlinedImageOptions): Promise<OpenedImage> {
    const { signal } = this.#stopping;
    const [detail, bitmap] = await Promise.all([
      api.get<DatasetImageDetail>(["dataset", "image", split, fileName], { signal }),
      fetchBitmap(api.url(["corrections", "pixels", split, fileName]), signal),
    ]);
    if (signal.aborted) {
      bitmap.close();
      signal.throwIfAborted();
    }
    this.#bitmap = bitmap;
    const { width, height } = detail;
    this.#regions = (detail.regions ?? []).map(({ category, rle }) => {
      const mask = decodeRle(rle);
      const color = classes.find(({ name }) => name === category)?.color ?? OTHER_COLOR;
      return {
        name: category,
        color,
        area: mask.data.reduce((sum, value) => sum + value, 0),
        layer: outlineLayer(mask, { color: colorOfHex(color)!, width: 2 }),
      };
    });
    this.viewer.viewport.show({ width, height });
    this.#draw();
    return { width, height, regions: this.#regions, doubt: detail.doubt };
  }

  #draw(): void {
    if (this.#bitmap === null) return;
    const shown = this.#regions.filter(({ name }) => !this.#hidden.has(name));
    this.viewer.setLayers([bitmapLayer(this.#bitmap), ...shown.map(({ layer }) => layer)]);
  }

  #fail(error: Error): void {
    if (this.#stopping.signal.aborted) return;
    this.element.append(h("p", { class: "ds-failed", role: "alert" }, error.message));
  }
}

async function fetchBitmap(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    const { error } = await response.json().catch(() => ({}));
    throw new ApiError(response.status, error ?? "The image cannot be shown");
  }
  return await createImageBitmap(await response.blob());
}
