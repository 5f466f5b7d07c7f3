/**
 * The images of a dataset as the page lists them: all splits, filtered and ordered.
 * This module is browser compatible.
 *
 * @module
 */
import type { DatasetImage, DatasetProblem, DatasetSummary, FileProblem } from "../../api/dataset.ts";

/** An image in the list. */
export interface ImageItem {
  readonly split: string;
  readonly image: DatasetImage;
  /** Problems of its annotations, then of its file. */
  readonly problems: readonly DatasetProblem[];
}

/** What is shown. */
export interface ItemFilter {
  /** The split, or empty for all. */
  readonly split: string;
  /** The index of a class; or a state such as `problems`, or empty for all. */
  readonly shows: string;
  /** Words that a name must contain. */
  readonly text: string;
  /** `problems` first, or the order of `files`. */
  readonly order: string;
}

/** What tells an image from all others. */
export function itemKey(split: string, fileName: string): string {
  return JSON.stringify([split, fileName]);
}

/** All images of a dataset. Items whose problems are the same as in `before` are the same objects. */
export function itemsOf(
  { splits }: DatasetSummary,
  problems: readonly FileProblem[],
  before: readonly ImageItem[] = [],
): ImageItem[] {
  const found = Map.groupBy(problems, ({ split, fileName }) => itemKey(split, fileName));
  const known = new Map(before.map((item) => [itemKey(item.split, item.image.fileName), item]));
  return splits.flatMap(({ name, images }) =>
    images.map((image): ImageItem => {
      const key = itemKey(name, image.fileName);
      const all = [...image.problems, ...found.get(key) ?? []];
      const old = known.get(key);
      return old?.image === image && old.problems.length === all.length
        ? old
        : { split: name, image, problems: all };
    })
  );
}

/** The items that pass a filter, in its order. */
export function chosenItems(
  items: readonly ImageItem[],
  { split, shows, text, order }: ItemFilter,
): ImageItem[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const chosen = items.filter((item) =>
    (split === "" || item.split === split) && matches(item, shows) &&
    words.every((word) => item.image.fileName.toLowerCase().includes(word))
  );
  if (order !== "problems") return chosen;
  const isBad = ({ problems }: ImageItem) => problems.length > 0 ? 0 : 1;
  // The sort is stable: within both groups the order of the files stays.
  return chosen.sort((a, b) => isBad(a) - isBad(b));
}

function matches({ image, problems }: ImageItem, shows: string): boolean {
  if (shows === "") return true;
  if (shows === "problems") return problems.length > 0;
  if (shows === "empty") return image.state === "unannotated";
  if (shows === "unknown") return ["unusable", "uncertain", "unlisted", "partly"].includes(image.state);
  return image.classes.includes(Number(shows));
}

/** What is known of an image's annotations, in words. */
export function stateText({ state, annotations }: DatasetImage): string {
  switch (state) {
    case "annotated":
      return `${annotations} ${annotations === 1 ? "annotation" : "annotations"}`;
    case "partly":
      return "some annotations cannot be drawn";
    case "unannotated":
      return "nothing annotated";
    case "unusable":
      return "annotations cannot be used";
    case "uncertain":
      return "may lack annotations";
    case "unlisted":
      return "not annotated";
  }
}
