/**
 * The dataset: its images with outlines and problems, and images that show the same. This module is browser compatible.
 *
 * @module
 */
import { fill, h, setProperties } from "../dom.ts";
import { showCount } from "../format.ts";
import { type Page, type View, viewHash } from "../view.ts";
import type { ImageItem } from "./dataset_items.ts";
import { type KnownDataset, watchDataset } from "./dataset_source.ts";
import { imageHash, openImagePage } from "./image_page.ts";
import { ImagesPage } from "./images_page.ts";
import { isShared, openPairPage, PairsPage } from "./pairs_page.ts";
import { problemRows, problemsTable } from "./problems_page.ts";

/** What a part of the view does with news. */
interface Part {
  show(known: KnownDataset): void;
  close(): void;
}

/** The images in the order in which they were listed last, among which an opened one is left and right. */
let listed: readonly ImageItem[] = [];
let last: readonly [split: string, fileName: string] | null = null;

/** The view: `#/dataset`, `#/dataset/pairs`, `#/dataset/problems`, `#/dataset/image/SPLIT/FILE`. */
export const datasetView: View = {
  name: "dataset",
  title: "Dataset",
  open(root, path, page) {
    const status = h("p", { class: "error", role: "alert", hidden: true });
    const content = h("div", { "aria-busy": "true" });
    fill(root, status, content);
    let part: Part | null = null;
    const close = watchDataset(page.api, {
      onChange(known) {
        content.removeAttribute("aria-busy");
        part ??= openPart(content, path, page, known);
        part.show(known);
      },
      onError(error) {
        status.hidden = error === null;
        status.textContent = error?.message ?? "";
        if (error !== null) content.removeAttribute("aria-busy");
      },
    });
    return () => {
      close();
      part?.close();
    };
  },
};

function openPart(root: HTMLElement, path: readonly string[], page: Page, known: KnownDataset): Part {
  const [name, ...rest] = path;
  if (name === "image" && rest.length === 2) {
    const [split, fileName] = rest as [string, string];
    last = [split, fileName];
    const order = listed.length > 0 ? listed : known.items;
    return openImagePage(root, page, { split, fileName, known, order });
  }
  if (name === "pair" && rest.length === 4) {
    const [one, first, other, second] = rest as [string, string, string, string];
    const files = [{ split: one, fileName: first }, { split: other, fileName: second }] as const;
    return { show: () => {}, close: openPairPage(root, page, files, known) };
  }
  return openLists(root, name ?? "images", page);
}

/** The lists, one of which is shown. */
function openLists(root: HTMLElement, name: string, page: Page): Part {
  const head = listHead(name);
  const body = h("div");
  fill(root, h("div", { class: "toolbar" }, head.elements), body);
  const open = (split: string, fileName: string) => page.navigate(imageHash(split, fileName));
  const part = name === "pairs"
    ? new PairsPage(page)
    : name === "problems"
    ? problemsPart(open)
    : new ImagesPage({
      api: page.api,
      last,
      onOpen: (split, fileName) => {
        if (part instanceof ImagesPage) listed = part.chosen;
        open(split, fileName);
      },
    });
  fill(body, part.element);
  return {
    show(known) {
      head.show(known);
      part.show(known);
    },
    close: () => part.close(),
  };
}

function problemsPart(open: (split: string, fileName: string) => void): Part & { element: HTMLElement } {
  const table = problemsTable(open);
  return {
    element: table.element,
    show: (known) => table.setRows(problemRows(known)),
    close: () => {},
  };
}

/** Heading, the choice of lists, and how far the images are read; drawn again where something has changed. */
function listHead(name: string): { readonly elements: HTMLElement[]; show(known: KnownDataset): void } {
  const folder = h("p", { class: "muted" });
  const tabs = h("div", { class: "ds-tabs", role: "group", "aria-label": "Lists" });
  const bar = h("progress", { "aria-label": "Images read" });
  const count = h("span", { class: "muted" });
  const progress = h("div", { class: "ds-progress", hidden: true }, bar, count);
  // Made once: a link may have the focus when its number changes.
  const links = new Map(["images", "problems", "pairs"].map((to) => [
    to,
    h("a", {
      class: "button",
      href: to === "images" ? viewHash("dataset") : viewHash("dataset", to),
      "aria-current": to === name ? "page" : null,
    }),
  ]));
  fill(tabs, [...links.values()]);
  return {
    elements: [h("h1", {}, "Dataset"), folder, tabs, progress],
    show(known) {
      const { summary, done, total } = known;
      folder.textContent = summary.splits.length === 0
        ? `${summary.folder}/ holds no dataset`
        : `${summary.folder}/`;
      progress.hidden = done >= total;
      setProperties(bar, { max: total });
      bar.value = done;
      count.textContent = `reading images, ${showCount(done)} of ${showCount(total)}`;
      for (const [to, text] of Object.entries(tabTexts(known))) {
        const link = links.get(to)!;
        if (link.textContent !== text) link.textContent = text;
      }
    },
  };
}

function tabTexts(known: KnownDataset): Readonly<Record<string, string>> {
  const { total, duplicates } = known;
  const shared = duplicates?.pairs.filter(isShared).length ?? 0;
  const pairs = duplicates === null
    ? "…"
    : `${showCount(duplicates.pairs.length)}${shared > 0 ? `, ${showCount(shared)} shared` : ""}`;
  return {
    images: `Images ${showCount(total)}`,
    problems: `Problems ${showCount(problemRows(known).length)}`,
    pairs: `Near-duplicates ${pairs}`,
  };
}
