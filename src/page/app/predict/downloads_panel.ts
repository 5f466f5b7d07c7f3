/**
 * The buttons that save results. This module is browser compatible.
 *
 * @module
 */
import { fill, h } from "../dom.ts";
import type { OutputKind } from "./outputs.ts";

/** Files of all images together. */
export type QueueFile = "coco" | "results" | "csv" | "zip";

/** What the panel needs. */
export interface DownloadsPanelOptions {
  /** Saves a file of the shown image. */
  readonly onImage: (kind: OutputKind) => Promise<void>;
  /** Saves files of all images; `step` gets how far that is. */
  readonly onQueue: (kind: QueueFile, step: (text: string) => void) => Promise<void>;
  readonly onError: (error: Error) => void;
}

const IMAGE_FILES: readonly [OutputKind, string][] = [
  ["mask", "Mask PNG"],
  ["overlay", "Overlay PNG"],
  ["probability", "Probability PNG"],
  ["json", "Numbers JSON"],
];

const QUEUE_FILES: readonly [QueueFile, string][] = [
  ["coco", "COCO dataset"],
  ["results", "COCO results"],
  ["csv", "CSV table"],
  ["zip", "Everything as ZIP"],
];

/** The buttons; add `element` to the page. */
export class DownloadsPanel {
  readonly element: HTMLElement;
  readonly #options: DownloadsPanelOptions;
  readonly #step: HTMLElement = h("p", { class: "muted predict-step", role: "status" });
  readonly #image: HTMLElement = h("div", {
    class: "predict-choose",
    role: "group",
    "aria-label": "This image",
  });
  readonly #queue: HTMLElement = h("div", {
    class: "predict-choose",
    role: "group",
    "aria-label": "All images",
  });
  readonly #all: HTMLElement = h("h3", {});
  #isBusy = false;

  /** The buttons. */
  constructor(options: DownloadsPanelOptions) {
    this.#options = options;
    this.element = h(
      "section",
      { class: "panel predict-downloads", "aria-label": "Downloads" },
      h("h2", {}, "Downloads"),
      h("h3", {}, "This image"),
      this.#image,
      this.#all,
      this.#queue,
      this.#step,
    );
    fill(this.#image, IMAGE_FILES.map(([kind, label]) => this.#button(label, () => options.onImage(kind))));
    fill(
      this.#queue,
      QUEUE_FILES.map(([kind, label]) =>
        this.#button(label, () => options.onQueue(kind, (text) => this.#step.textContent = text))
      ),
    );
  }

  /** Says how many images "all" are. */
  setCount(done: number): void {
    this.#all.textContent = done === 1 ? "All images (1)" : `All ${done.toLocaleString("en-US")} images`;
  }

  #button(label: string, act: () => Promise<void>): HTMLElement {
    return h("button", { type: "button", onclick: () => this.#run(act) }, label);
  }

  async #run(act: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await act();
    } catch (error) {
      this.#options.onError(error as Error);
    } finally {
      this.#isBusy = false;
      this.#step.textContent = "";
    }
  }
}
