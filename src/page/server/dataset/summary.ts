/**
 * What is known of the board's dataset without reading an image.
 *
 * @module
 */
import { showValue } from "../../../coco/problems.ts";
import { categoryName } from "../../../dataset/class_names.ts";
import type { DatasetImage, DatasetProblem, DatasetSplit, DatasetSummary } from "../../api/dataset.ts";
import { classesOf, stateOf } from "../corrections.ts";
import { type BoardSplit, readSplits } from "../dataset_splits.ts";
import type { Board } from "../route.ts";

/** Most problems of a split that belong to no image. */
const MOST_PROBLEMS = 1000;

/** Describes the dataset. */
export async function describeDataset(board: Board): Promise<DatasetSummary> {
  const splits = await readSplits(board);
  const classes = await classesOf(board, { categories: [], images: [], records: 0 });
  const indices = new Map(classes.map(({ name }, index) => [name, index]));
  return {
    folder: board.data,
    splits: splits.map((split) => describeSplit(split, indices)),
    classes,
  };
}

function describeSplit(from: BoardSplit, classes: ReadonlyMap<string, number>): DatasetSplit {
  const { split, listing, images } = from;
  const names = new Map(listing?.categories.map((category) => [category.id, categoryName(category)]));
  const { byFile, others } = problemsByFile(from);
  return {
    name: split.name,
    role: split.role,
    annotated: listing !== null,
    images: images.map((image): DatasetImage => {
      const { listed, fileName } = image;
      const ids = listed?.state === "annotated" ? listed.categoryIds : [];
      const shown = [...new Set(ids)].map((id) =>
        // Without categories everything is the one class.
        id === null || names.size === 0 ? 0 : classes.get(names.get(id) ?? "")
      );
      return {
        fileName,
        width: listed?.width ?? null,
        height: listed?.height ?? null,
        state: stateOf(image),
        annotations: ids.length,
        classes: [...new Set(shown.filter((index) => index !== undefined))],
        problems: [
          ...byFile.get(fileName) ?? [],
          ...listed === null && listing !== null ? [UNLISTED] : [],
        ],
      };
    }),
    problems: others.slice(0, MOST_PROBLEMS),
  };
}

const UNLISTED: DatasetProblem = {
  kind: "unlisted-file",
  message: "it is in the folder, but the annotation file does not list it",
};

/** The problems of a split's annotations by the image that they are of, as their messages tell. */
function problemsByFile({ listing }: BoardSplit) {
  const files = new Map(listing?.images.map(({ id, fileName }) => [showValue(id), fileName]));
  const byFile = new Map<string, DatasetProblem[]>();
  const others: DatasetProblem[] = [];
  for (const { kind, message } of listing?.problems ?? []) {
    const id = / \(image (.+)\)$/.exec(message)?.[1] ??
      /^image ("(?:[^"\\]|\\.)*"|[^\s:]+)/.exec(message)?.[1];
    const fileName = id === undefined ? undefined : files.get(id);
    if (fileName === undefined) others.push({ kind, message });
    else byFile.set(fileName, [...byFile.get(fileName) ?? [], { kind, message }]);
  }
  return { byFile, others };
}
