/**
 * Images that show the same: a list of pairs, and one pair side by side.
 * This module is browser compatible.
 *
 * @module
 */
import type { DuplicateFile, DuplicatePair } from "../../api/dataset.ts";
import { fill, h } from "../dom.ts";
import { showCount } from "../format.ts";
import { type Page, viewHash } from "../view.ts";
import { zoomButtons } from "../viewer/toolbar.ts";
import { Viewport } from "../viewer/viewport.ts";
import { VirtualGrid } from "../widgets/virtual_grid.ts";
import type { KnownDataset } from "./dataset_source.ts";
import { OutlinedImage } from "./outlined_image.ts";
import { thumbnail } from "./thumbnail.ts";

/** The address of a pair. */
export function pairHash({ files: [one, other] }: DuplicatePair): string {
  return viewHash("dataset", "pair", one.split, one.fileName, other.split, other.fileName);
}

/** Whether a pair is in two splits, so that an evaluation measures memorization. */
export function isShared({ files: [one, other] }: DuplicatePair): boolean {
  return one.split !== other.split;
}

/** The list of pairs; add its `element` to the page. */
export class PairsPage {
  readonly element: HTMLElement;
  readonly #status = h("p", { role: "status" });
  readonly #grid: VirtualGrid<DuplicatePair>;

  /** Shows nothing until {@linkcode PairsPage.show}. */
  constructor(page: Page) {
    this.#grid = new VirtualGrid<DuplicatePair>({
      label: "Pairs of images that show the same",
      key: pairHash,
      tile(pair) {
        const small = pair.files.map(({ split, fileName }) => thumbnail(page.api, split, fileName));
        const splits = isShared(pair) ? "shared between splits" : "within one split";
        return {
          label: `${pair.files.map(nameOf).join(" and ")}, ${splits}, ${pair.reasons.join(", ")}`,
          element: h(
            "div",
            { class: `ds-tile${isShared(pair) ? " ds-bad" : ""}` },
            h("div", { class: "ds-two" }, small.map(({ element }) => element)),
            pair.files.map((file) => h("div", { class: "ds-name", title: nameOf(file) }, nameOf(file))),
            h(
              "div",
              { class: "ds-marks" },
              h("span", { class: isShared(pair) ? "ds-problem" : "muted" }, splits),
              h("span", { class: "muted" }, pair.reasons.join(", ")),
            ),
          ),
          close: () => small.forEach((each) => each.close()),
        };
      },
      width: 330,
      height: 262,
      empty: "No two images show the same.",
      onOpen: (pair) => page.navigate(pairHash(pair)),
    });
    this.element = h("div", {}, this.#status, this.#grid.element);
  }

  /** Shows what is known. */
  show({ duplicates, done, total }: KnownDataset): void {
    this.#grid.element.hidden = duplicates === null;
    if (duplicates === null) {
      const share = total === 0 ? 0 : Math.floor(100 * done / total);
      this.#status.textContent = done < total
        ? `Reading images: ${showCount(done)} of ${showCount(total)} (${share} %)`
        : "Comparing images …";
      return;
    }
    const { pairs, complete } = duplicates;
    const shared = pairs.filter(isShared).length;
    this.#status.textContent = pairs.length === 0
      ? ""
      : `${complete ? "" : "At least "}${showCount(pairs.length)} ${
        pairs.length === 1 ? "pair" : "pairs"
      }, ` +
        `${showCount(shared)} shared between splits` +
        (shared > 0
          ? ": an evaluation on these measures memorization. deno task split re-splits the dataset."
          : ".");
    this.#grid.setItems(pairs);
  }

  /** Stops loading. */
  close(): void {
    this.#grid.close();
  }
}

function nameOf({ split, fileName }: DuplicateFile): string {
  return `${split}/${fileName}`;
}

/** Draws a pair side by side; both panes move together. Returns what closes it. */
export function openPairPage(
  root: HTMLElement,
  page: Page,
  files: readonly [DuplicateFile, DuplicateFile],
  known: KnownDataset,
): () => void {
  const viewport = new Viewport();
  const { classes } = known.summary;
  const images = files.map(({ split, fileName }) =>
    new OutlinedImage({ api: page.api, split, fileName, classes, viewport })
  );
  const buttons = zoomButtons(images[0]!.viewer);
  const pair = known.duplicates?.pairs.find((pair) => pairHash(pair) === pairHash({ files, reasons: [] }));
  const shared = files[0].split !== files[1].split;
  fill(
    root,
    h(
      "div",
      { class: "toolbar" },
      h("a", { class: "button", href: viewHash("dataset", "pairs") }, "All pairs"),
      buttons.element,
    ),
    h("h1", { class: "ds-title" }, "Two images that show the same"),
    h(
      "p",
      { class: shared ? "ds-note" : "muted" },
      shared
        ? `Shared between the splits ${files[0].split} and ${
          files[1].split
        }: an evaluation on one of them measures memorization.`
        : `Both in split ${files[0].split}.`,
      pair && ` Found by ${pair.reasons.join(", ")}.`,
    ),
    h(
      "div",
      { class: "ds-pair" },
      files.map((file, index) =>
        h(
          "figure",
          {},
          images[index]!.element,
          h(
            "figcaption",
            {},
            h("a", { href: viewHash("dataset", "image", file.split, file.fileName) }, nameOf(file)),
          ),
        )
      ),
    ),
  );
  return () => {
    buttons.close();
    images.forEach((image) => image.close());
  };
}
