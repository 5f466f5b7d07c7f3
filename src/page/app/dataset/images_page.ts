/**
 * All images of the dataset: thumbnails with their classes and problems, filtered by split, class and name.
 * This module is browser compatible.
 *
 * @module
 */
import type { CorrectionClass } from "../../api/corrections.ts";
import type { Api } from "../api.ts";
import { fill, h, uniqueId } from "../dom.ts";
import { showCount } from "../format.ts";
import { type Tile, VirtualGrid } from "../widgets/virtual_grid.ts";
import { chosenItems, type ImageItem, itemKey, stateText } from "./dataset_items.ts";
import type { KnownDataset } from "./dataset_source.ts";
import { thumbnail } from "./thumbnail.ts";

/** Settings of {@linkcode ImagesPage}. */
export interface ImagesPageOptions {
  readonly api: Api;
  /** Opens an image. */
  readonly onOpen: (split: string, fileName: string) => void;
  /** The image that was open before: it is brought into view. */
  readonly last: readonly [split: string, fileName: string] | null;
}

/** Most classes of a tile, and of the legend. */
const MOST_DOTS = 5, MOST_NAMES = 24;

/** The filters stay while the page does. */
let kept = { split: "", shows: "", text: "", order: "problems" };

/** The list of images; add its `element` to the page. */
export class ImagesPage {
  readonly element: HTMLElement;
  readonly #grid: VirtualGrid<ImageItem>;
  readonly #split: HTMLSelectElement;
  readonly #shows: HTMLSelectElement;
  readonly #count = h("p", { class: "muted", role: "status" });
  readonly #legend = h("ul", { class: "ds-legend", "aria-label": "Colors of classes" });
  readonly #options: ImagesPageOptions;
  #items: readonly ImageItem[] = [];
  #classes: readonly CorrectionClass[] = [];
  #filled: unknown = null;
  #placed = false;

  /** Shows nothing until {@linkcode ImagesPage.show}. */
  constructor(options: ImagesPageOptions) {
    this.#options = options;
    this.#split = h("select", { id: uniqueId("split"), onchange: () => this.#filter() });
    this.#shows = h("select", { id: uniqueId("shows"), onchange: () => this.#filter() });
    const search = h("input", {
      id: uniqueId("name"),
      type: "search",
      value: kept.text,
      autocomplete: "off",
      oninput: () => {
        kept = { ...kept, text: search.value };
        this.#draw();
      },
    });
    const order = h(
      "select",
      {
        id: uniqueId("order"),
        value: kept.order,
        onchange: () => {
          kept = { ...kept, order: order.value };
          this.#draw();
        },
      },
      h("option", { value: "problems" }, "Problems first"),
      h("option", { value: "files" }, "As in the files"),
    );
    this.#grid = new VirtualGrid<ImageItem>({
      label: "Images",
      key: ({ split, image }) => itemKey(split, image.fileName),
      tile: (item) => this.#tile(item),
      width: 156,
      height: 232,
      empty: "No image passes the filters.",
      onOpen: ({ split, image }) => options.onOpen(split, image.fileName),
    });
    this.element = h(
      "div",
      { class: "ds-images" },
      h(
        "div",
        { class: "toolbar" },
        field("Split", this.#split),
        field("Shows", this.#shows),
        field("Name contains", search),
        field("Order", order),
        this.#count,
      ),
      this.#legend,
      this.#grid.element,
    );
  }

  /** The images in the order in which they are shown. */
  get chosen(): readonly ImageItem[] {
    return this.#grid.items;
  }

  /** Shows what is known. */
  show({ summary, items }: KnownDataset): void {
    const isNew = this.#items !== items;
    this.#items = items;
    this.#classes = summary.classes;
    if (this.#filled !== summary) {
      this.#filled = summary;
      fill(
        this.#split,
        h("option", { value: "" }, "All splits"),
        summary.splits.map(({ name, images }) =>
          h("option", { value: name }, `${name} (${showCount(images.length)})`)
        ),
      );
      fill(
        this.#shows,
        h("option", { value: "" }, "Anything"),
        h("option", { value: "problems" }, "Problems"),
        h("option", { value: "empty" }, "Nothing annotated"),
        h("option", { value: "unknown" }, "Annotations missing or unusable"),
        summary.classes.map(({ name, kind }, index) =>
          h("option", { value: index }, kind === "ignore" ? `Ignored pixels (${name})` : name)
        ),
      );
      fill(
        this.#legend,
        summary.classes.filter(({ kind }) => kind === "class").slice(0, MOST_NAMES).map(({ name, color }) =>
          h("li", {}, h("span", { class: "ds-dot", style: { background: color } }), name)
        ),
      );
      this.#split.value = kept.split;
      this.#shows.value = kept.shows;
      // A filter of another dataset.
      if (this.#split.selectedIndex < 0) this.#split.value = "";
      if (this.#shows.selectedIndex < 0) this.#shows.value = "";
      this.#filter();
    } else if (isNew) this.#draw();
    if (!this.#placed && this.#options.last !== null) this.#grid.activate(itemKey(...this.#options.last));
    this.#placed = true;
  }

  /** Stops loading. */
  close(): void {
    this.#grid.close();
  }

  #filter(): void {
    kept = { ...kept, split: this.#split.value, shows: this.#shows.value };
    this.#draw();
  }

  #draw(): void {
    const chosen = chosenItems(this.#items, kept);
    this.#grid.setItems(chosen);
    const bad = chosen.filter(({ problems }) => problems.length > 0).length;
    this.#count.textContent = `${showCount(chosen.length)} of ${showCount(this.#items.length)} images` +
      (bad > 0 ? `, ${showCount(bad)} with problems` : "");
  }

  #tile({ split, image, problems }: ImageItem): Tile {
    const { fileName } = image;
    const small = thumbnail(this.#options.api, split, fileName);
    const state = stateText(image);
    const shown = image.classes.map((index) => this.#classes[index]).filter((each) => each !== undefined);
    return {
      label: [fileName, split, state, ...problems.map(({ message }) => message)].join(", "),
      element: h(
        "div",
        { class: `ds-tile${problems.length > 0 ? " ds-bad" : ""}` },
        small.element,
        h("div", { class: "ds-name", title: fileName }, fileName),
        h(
          "div",
          { class: "ds-marks" },
          h("span", { class: "muted" }, split),
          shown.slice(0, MOST_DOTS).map(({ name, color }) =>
            h("span", { class: "ds-dot", title: name, style: { background: color } })
          ),
          shown.length > MOST_DOTS &&
            h("span", { class: "muted" }, `+${shown.length - MOST_DOTS}`),
          problems.length > 0
            ? h(
              "span",
              { class: "ds-problem", title: problems.map(({ message }) => message).join("\n") },
              `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
            )
            : h("span", { class: "muted", title: state }, state),
        ),
      ),
      close: () => small.close(),
    };
  }
}

/** A control with its label. */
function field(label: string, control: HTMLInputElement | HTMLSelectElement): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}
