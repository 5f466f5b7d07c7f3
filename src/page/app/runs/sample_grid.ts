/**
 * The fixed validation samples of a run, with the masks of their newest epochs. This module is browser compatible.
 *
 * @module
 */
import { OUTLINE_COLORS } from "../../../image/draw.ts";
import type { RunDetail, RunSample } from "../../api/runs.ts";
import type { Api } from "../api.ts";
import { fill, h } from "../dom.ts";

/** The samples; add `element` to the page. */
export class SampleGrid {
  readonly element: HTMLElement;
  readonly #api: Api;
  readonly #run: string;
  readonly #legend = h("p", { class: "legend" });
  readonly #grid = h("div", { class: "samples" });
  readonly #tiles = new Map<number, { readonly tile: HTMLElement; key: string }>();

  /** Shows nothing yet. */
  constructor(api: Api, run: string) {
    this.#api = api;
    this.#run = run;
    this.element = h(
      "section",
      { class: "panel", "aria-label": "Validation samples", hidden: true },
      h("h2", {}, "Validation samples"),
      this.#legend,
      this.#grid,
    );
  }

  /** Shows the newest images; those that have not changed stay as they are. */
  show(samples: readonly RunSample[], config: RunDetail["config"]): void {
    this.element.hidden = samples.length === 0;
    const classes = Array.isArray(config?.classes) ? config.classes.length : 1;
    fill(
      this.#legend,
      classes > 1
        ? "Solid lines: prediction. Dashed lines: annotation. Each class has its color."
        : [key(OUTLINE_COLORS.predicted, "prediction"), key(OUTLINE_COLORS.annotated, "annotation")],
    );
    for (const [sample, { tile }] of this.#tiles) {
      if (samples.some((shown) => shown.sample === sample)) continue;
      tile.remove();
      this.#tiles.delete(sample);
    }
    for (const shown of samples) this.#showSample(shown);
  }

  #showSample({ sample, epoch, file, version }: RunSample): void {
    const key = `${file} ${version}`;
    const known = this.#tiles.get(sample);
    if (known?.key === key) return;
    const image = h("img", {
      src: this.#api.url(["runs", this.#run, "samples", file], { version }),
      alt: `Validation sample ${sample} after epoch ${epoch}: outlines of prediction and annotation`,
      decoding: "async",
    });
    const caption = h("figcaption", {}, `Sample ${sample}, epoch ${epoch}`);
    if (known) {
      fill(known.tile, image, caption);
      known.key = key;
      return;
    }
    const tile = h("figure", { class: "sample" }, image, caption);
    this.#tiles.set(sample, { tile, key });
    this.#grid.append(tile);
  }
}

function key([red, green, blue]: readonly [number, number, number], text: string): HTMLElement {
  const swatch = h("span", { class: "swatch", style: { background: `rgb(${red} ${green} ${blue})` } });
  return h("span", { class: "key" }, swatch, text);
}
