/**
 * One image of the dataset: large, with outlines, what is annotated, its problems, and images that show the same.
 * This module is browser compatible.
 *
 * @module
 */
import { fill, h, on } from "../dom.ts";
import { showCount } from "../format.ts";
import { type Page, viewHash } from "../view.ts";
import { zoomButtons } from "../viewer/toolbar.ts";
import { type ImageItem, itemKey, stateText } from "./dataset_items.ts";
import type { KnownDataset } from "./dataset_source.ts";
import { type OpenedImage, OutlinedImage } from "./outlined_image.ts";
import { pairHash } from "./pairs_page.ts";

/** The address of an image. */
export function imageHash(split: string, fileName: string): string {
  return viewHash("dataset", "image", split, fileName);
}

/** Draws an image; `order` are the images among which arrow keys move. Returns what shows news, and what closes it. */
export function openImagePage(
  root: HTMLElement,
  page: Page,
  { split, fileName, known, order }: {
    readonly split: string;
    readonly fileName: string;
    readonly known: KnownDataset;
    readonly order: readonly ImageItem[];
  },
): { show(known: KnownDataset): void; close(): void } {
  const image = new OutlinedImage({ api: page.api, split, fileName, classes: known.summary.classes });
  const buttons = zoomButtons(image.viewer);
  const side = h("div", { class: "ds-side" });
  const at = order.findIndex((item) => item.split === split && item.image.fileName === fileName);
  const step = (by: number) => {
    const next = order[at + by];
    if (at >= 0 && next !== undefined) page.navigate(imageHash(next.split, next.image.fileName));
  };
  const button = (text: string, key: string, by: number) =>
    h("button", {
      type: "button",
      disabled: at < 0 || order[at + by] === undefined,
      title: `${text} image (${key})`,
      onclick: () => step(by),
    }, text);
  let [latest, opened] = [known, null as OpenedImage | null];
  const hidden = new Set<string>();
  let drawn = "";
  const itemOf = ({ items }: KnownDataset) =>
    items.find((item) => item.split === split && item.image.fileName === fileName);
  const draw = () => {
    // Only when there is news: a control in it may have the focus.
    const news = JSON.stringify([
      latest.duplicates === null,
      opened === null,
      itemOf(latest)?.problems.length,
    ]);
    if (news === drawn) return;
    drawn = news;
    fillSide();
  };
  const fillSide = () => fill(side, sideOf({ split, fileName, known: latest, opened, hidden, image }));
  image.opened.then((value) => {
    opened = value;
    draw();
  }, () => {});
  const stop = on(document, "keydown", (event: KeyboardEvent) => {
    const target = event.target as Element;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (target.closest("input, select, textarea, dialog") !== null) return;
    if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "Escape") page.navigate(viewHash("dataset"));
    else return;
    event.preventDefault();
  });
  fill(
    root,
    h(
      "div",
      { class: "toolbar" },
      h("a", { class: "button", href: viewHash("dataset"), title: "All images (Escape)" }, "All images"),
      button("Previous", "←", -1),
      button("Next", "→", 1),
      at >= 0 && h("span", { class: "muted" }, `${showCount(at + 1)} of ${showCount(order.length)}`),
      buttons.element,
      h("a", { class: "button", href: viewHash("correct", split, fileName) }, "Correct this image"),
    ),
    h("h1", { class: "ds-title" }, fileName),
    h("div", { class: "ds-detail" }, image.element, side),
  );
  draw();
  page.setTitle(fileName);
  return {
    show(news) {
      latest = news;
      draw();
    },
    close() {
      stop();
      buttons.close();
      image.close();
    },
  };
}

function sideOf(
  { split, fileName, known, opened, hidden, image }: {
    readonly split: string;
    readonly fileName: string;
    readonly known: KnownDataset;
    readonly opened: OpenedImage | null;
    readonly hidden: Set<string>;
    readonly image: OutlinedImage;
  },
): HTMLElement[] {
  const key = itemKey(split, fileName);
  const item = known.items.find((item) => itemKey(item.split, item.image.fileName) === key);
  const pairs = (known.duplicates?.pairs ?? []).filter(({ files }) =>
    files.some((file) => itemKey(file.split, file.fileName) === key)
  );
  const facts = [
    `split ${split}`,
    ...opened === null ? [] : [`${opened.width} × ${opened.height} px`],
    ...item === undefined ? [] : [stateText(item.image)],
  ];
  return [
    h("p", { class: "muted" }, facts.join(", ")),
    h("h2", {}, "Annotated"),
    regionsOf(opened, hidden, image),
    ...opened?.doubt ? [h("p", { class: "ds-note" }, opened.doubt)] : [],
    ...item !== undefined && item.problems.length > 0
      ? [
        h("h2", {}, "Problems"),
        h(
          "ul",
          { class: "ds-problems" },
          item.problems.map(({ kind, message }) => h("li", {}, h("code", {}, kind), ` ${message}`)),
        ),
      ]
      : [],
    ...known.duplicates === null
      ? [h("p", { class: "muted" }, "Looking for images that show the same …")]
      : pairs.length === 0
      ? []
      : [
        h("h2", {}, "Images that show the same"),
        h(
          "ul",
          { class: "ds-problems" },
          pairs.slice(0, 20).map((pair) => {
            const other = pair.files.find((file) => itemKey(file.split, file.fileName) !== key) ??
              pair.files[1];
            return h(
              "li",
              {},
              h("a", { href: pairHash(pair) }, `${other.split}/${other.fileName}`),
              ` (${pair.reasons.join(", ")})`,
              other.split !== split && h("span", { class: "ds-shared" }, " shared between splits"),
            );
          }),
        ),
      ],
  ];
}

function regionsOf(opened: OpenedImage | null, hidden: Set<string>, image: OutlinedImage): HTMLElement {
  if (opened === null) return h("p", { class: "muted" }, "…");
  if (opened.regions.length === 0) return h("p", {}, "Nothing.");
  const pixels = opened.width * opened.height;
  return h(
    "ul",
    { class: "ds-regions" },
    opened.regions.map(({ name, color, area }) =>
      h(
        "li",
        {},
        h(
          "label",
          {},
          h("input", {
            type: "checkbox",
            checked: !hidden.has(name),
            onchange: (event: Event) => {
              if ((event.target as HTMLInputElement).checked) hidden.delete(name);
              else hidden.add(name);
              image.hide(hidden);
            },
          }),
          h("span", { class: "ds-dot", style: { background: color } }),
          name,
        ),
        h("span", { class: "muted" }, ` ${showCount(area)} px, ${(100 * area / pixels).toFixed(2)} %`),
      )
    ),
  );
}
