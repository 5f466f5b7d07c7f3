/**
 * The images of an evaluation in the dataset that the board shows, or in the run's own.
 *
 * @module
 */
import { join } from "node:path";
import { encodeRle } from "../../../coco/rle.ts";
import { labelingOf } from "../../../dataset/classes.ts";
import { classesIn } from "../../../evaluation/model_classes.ts";
import { RUN_FILES } from "../../../fs/layout.ts";
import { ifFound } from "../../../fs/paths.ts";
import { IGNORE, maskOf } from "../../../image/label_map.ts";
import { readProgress } from "../../../training/checkpoint.ts";
import type { EvaluationState, ImageTruth } from "../../api/results.ts";
import { type BoardImage, type BoardSplit, readSplits } from "../dataset_splits.ts";
import { type Board, RouteError } from "../route.ts";
import type { BoardEvaluation } from "./evaluations.ts";
import { hashOf } from "./model_hash.ts";

/** Where the images of an evaluation are. */
export interface ResultSplit {
  /** The folder of the dataset. */
  readonly data: string;
  readonly from: BoardSplit;
}

const boards = new WeakMap<Board, Map<string, Board>>();

/** The board with another dataset; the same object for the same folder, so that its splits are read once. */
function boardOf(board: Board, data: string): Board {
  if (data === board.data) return board;
  const others = boards.get(board) ?? new Map<string, Board>();
  boards.set(board, others);
  let other = others.get(data);
  if (other === undefined) others.set(data, other = { ...board, data });
  return other;
}

/**
 * The split with the images of an evaluation: in the dataset that the run was trained with, or the board's. The one that
 * has more of them is taken; null if none has any.
 */
export async function findResultSplit(
  board: Board,
  { folder, results }: BoardEvaluation,
): Promise<ResultSplit | null> {
  const own = await readProgress(join(folder, RUN_FILES.checkpoint)).catch(() => null);
  const names = new Set(namesOf(results));
  let best: ResultSplit | null = null;
  let most = 0;
  for (const data of new Set([board.data, own?.dataFolder ?? board.data])) {
    // A dataset that cannot be read, or that the board may not read, is as good as none.
    for (const from of await readSplits(boardOf(board, data)).catch(() => [])) {
      const { name, role } = from.split;
      if (name !== results.split && role !== results.split) continue;
      const count = from.images.filter(({ fileName }) => names.has(fileName)).length;
      if (count > most) [best, most] = [{ data, from }, count];
    }
  }
  return best;
}

/** The names of all images of an evaluation. */
function namesOf({ scores, findings, maps }: BoardEvaluation["results"]): string[] {
  return [...maps?.images ?? [], ...scores, ...findings ?? []].map(({ name }) => name);
}

/**
 * An image of an evaluation by its name.
 *
 * @throws {RouteError} with status 404 if the evaluation or the dataset has none of this name
 */
export async function resultImage(
  board: Board,
  evaluation: BoardEvaluation,
  name: string,
): Promise<ResultSplit & { readonly image: BoardImage }> {
  if (!namesOf(evaluation.results).includes(name)) {
    throw new RouteError(404, `Cannot find image ${JSON.stringify(name)} in this evaluation`);
  }
  const found = await findResultSplit(board, evaluation);
  const image = found?.from.images.find(({ fileName }) => fileName === name);
  if (found && image) return { ...found, image };
  throw new RouteError(
    404,
    `Cannot find image ${JSON.stringify(name)}: the dataset ${
      JSON.stringify(board.data)
    } does not have it\n` +
      "hint: name the dataset of the evaluation with --data FOLDER",
  );
}

/** How an evaluation relates to the model and the dataset of now. */
export async function evaluationState(board: Board, evaluation: BoardEvaluation): Promise<EvaluationState> {
  const { folder, model, results, written } = evaluation;
  const found = await findResultSplit(board, evaluation);
  const names = new Set(namesOf(results));
  const present = found?.from.images.filter(({ fileName }) => names.has(fileName)).length ?? 0;
  const file = found?.from.split.annotationFile ?? null;
  const changed = file === null ? null : await ifFound(Deno.stat(file));
  return {
    model: await compareModel(join(folder, RUN_FILES.best), model),
    dataset: found?.data ?? board.data,
    datasetSplit: found?.from.split.name ?? null,
    canCorrect: found?.data === board.data,
    annotationsNewer: (changed?.mtime?.getTime() ?? 0) > written,
    missingImages: names.size - present,
  };
}

async function compareModel(path: string, evaluated: string | null): Promise<EvaluationState["model"]> {
  if (evaluated === null) return "unknown";
  const hash = await hashOf(path);
  // An evaluation with --model FILE lies in a folder without a model.
  return hash === null ? "missing" : hash === evaluated ? "same" : "changed";
}

/**
 * The present annotation of an image by the classes of the evaluation.
 *
 * @throws {RouteError} with status 404 if it has none that can be drawn
 */
export async function imageTruth(
  { results }: BoardEvaluation,
  { from, image }: Pick<ResultSplit, "from"> & { readonly image: BoardImage },
): Promise<ImageTruth> {
  const { maps } = results;
  const { listing } = from;
  const { listed } = image;
  if (maps === null || listing === null || listed === null) {
    throw new RouteError(404, `Cannot draw the annotation of ${JSON.stringify(image.fileName)}: it has none`);
  }
  const { classes, named, ignored, head } = maps;
  const table = classesIn(listing, { classes: named ? classes : undefined, ignored }, classes.length);
  const map = await listed.labelMap(labelingOf(table, listing.categories, head === "sigmoid"));
  const shown = maskOf(map, IGNORE);
  return {
    width: map.width,
    height: map.height,
    regions: table.names.map((category, index) => ({ category, rle: encodeRle(maskOf(map, index + 1)) })),
    ignored: shown.data.includes(1) ? encodeRle(shown) : null,
  };
}
