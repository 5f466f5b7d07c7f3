/**
 * The annotations of images as their thumbnails show them: outlines in the colors of the classes.
 *
 * @module
 */
import type { CocoId, Labeling } from "../../../coco/coco.ts";
import { categoryName } from "../../../dataset/class_names.ts";
import { fitLabelMap } from "../../../image/draw_labels.ts";
import { IGNORE } from "../../../image/label_map.ts";
import { colorOfHex } from "../../../image/palette.ts";
import type { CorrectionClass } from "../../api/corrections.ts";
import type { BoardImage, BoardSplit } from "../dataset_splits.ts";
import { thumbnailSize, type ThumbnailTask } from "./survey_task.ts";

/** Annotations by class, for thumbnails. */
export class ThumbnailOutlines {
  readonly #classes: readonly CorrectionClass[];
  readonly #keys = new WeakMap<BoardImage, Promise<string>>();

  /** The classes have labels from 1 in this order; ignored pixels are hatched. */
  constructor(classes: readonly CorrectionClass[]) {
    this.#classes = classes;
  }

  /** Changes when the outlines of an image do. */
  key(from: BoardSplit, image: BoardImage): Promise<string> {
    const known = this.#keys.get(image);
    if (known !== undefined) return known;
    const { listed } = image;
    const colors = this.#classes.map(({ color }) => color).join(" ");
    const key = listed?.state === "annotated"
      ? listed.labelKey(this.#labeling(from)).then((key) => `${key} ${colors}`)
      : Promise.resolve("");
    this.#keys.set(image, key);
    return key;
  }

  /** The labels of an image's thumbnail; null without annotations. */
  async labels(from: BoardSplit, { listed }: BoardImage): Promise<ThumbnailTask["labels"]> {
    if (listed?.state !== "annotated") return null;
    const map = await listed.labelMap(this.#labeling(from));
    const { width, height, data } = fitLabelMap(map, thumbnailSize(listed));
    const classes = this.#classes.filter(({ kind }) => kind === "class");
    return { width, height, data, colors: classes.map(({ color }) => colorOfHex(color)!) };
  }

  #labeling({ listing }: BoardSplit): Labeling {
    const names = new Map(listing!.categories.map((category) => [category.id, categoryName(category)]));
    const classes = this.#classes.filter(({ kind }) => kind === "class");
    const labels = new Map(this.#classes.map(({ name, kind }) => [
      name,
      kind === "ignore" ? IGNORE : 1 + classes.findIndex((each) => each.name === name),
    ]));
    return {
      classCount: Math.max(1, classes.length),
      overlapping: false,
      labelsOf: (id: CocoId | null) => {
        // Without categories everything is the one class.
        const label = id === null || names.size === 0 ? 1 : labels.get(names.get(id) ?? "");
        return label === undefined ? [] : [label];
      },
    };
  }
}
