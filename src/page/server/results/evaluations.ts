/**
 * The evaluations below the folder of runs: their JSON files, read again when they change.
 *
 * @module
 */
import { join } from "node:path";
import { MAP_INDEX_FILE, type MapIndex, readMapIndex } from "../../../evaluation/map_index.ts";
import { METRIC_NAMES } from "../../../evaluation/metrics.ts";
import { evaluationNames } from "../../../fs/layout.ts";
import { readBoundedText } from "../../../fs/bounded_read.ts";
import {
  isRecord,
  listOf,
  NUMBER,
  numberOf,
  objectOf,
  oneOf,
  orMissing,
  orNull,
  recordOf,
  type Shape,
  TEXT,
  valueOf,
} from "../../../fs/json_shape.ts";
import { ifFound, listFolder } from "../../../fs/paths.ts";
import type { EvaluationEntry, EvaluationResults } from "../../api/results.ts";
import { type Board, RouteError } from "../route.ts";

/** Most bytes of an evaluation's JSON: a hundred thousand images. */
const MAX_BYTES = 2 ** 27;

/** Evaluations that are kept in memory as a whole. */
const MOST_KEPT = 4;

const record = (names: readonly string[], shape: Shape) =>
  objectOf(Object.fromEntries(names.map((name) => [name, shape])));

const PIXELS = record(["truePositives", "falsePositives", "falseNegatives", "trueNegatives"], NUMBER);
const LESIONS = record(["truth", "predicted", "missed", "false"], NUMBER);
const OVERLAP = record(
  ["accuracy", "dice", "iou", "sensitivity", "specificity", "precision"],
  orNull(NUMBER),
);
const MEASURED = { metrics: record(METRIC_NAMES, orNull(NUMBER)), pixels: PIXELS, lesions: LESIONS };
const BOX = record(["x", "y", "width", "height"], NUMBER);

/** What the page takes of an evaluation's document. */
const DOCUMENT = objectOf({
  split: TEXT,
  data: objectOf({ annotated: valueOf("true or false", (value) => typeof value === "boolean") }),
  settings: objectOf({
    threshold: orNull(numberOf(0, 1)),
    size: NUMBER,
    height: orMissing(NUMBER),
    compared: orMissing(oneOf("image")),
    spacing: orNull(listOf(NUMBER)),
    unit: oneOf("px", "mm"),
    head: orMissing(oneOf("sigmoid", "softmax")),
  }),
  summary: orNull(objectOf({ pooled: OVERLAP, baselineAccuracy: orNull(NUMBER) })),
  classes: orMissing(recordOf(objectOf({ pooled: OVERLAP }))),
  scores: listOf(objectOf({ name: TEXT, ...MEASURED, classes: orMissing(recordOf(objectOf(MEASURED))) })),
  audit: orNull(listOf(objectOf({
    name: TEXT,
    class: orMissing(TEXT),
    score: NUMBER,
    kind: oneOf("missing", "wrong", "differs"),
    reason: TEXT,
    box: BOX,
    pixels: NUMBER,
    certainty: NUMBER,
  }))),
});

/** An evaluation with what the page is not told. */
export interface BoardEvaluation {
  readonly results: EvaluationResults;
  /** SHA-256 of the evaluated model; null if it is not known. */
  readonly model: string | null;
  /** The folder of its files. */
  readonly folder: string;
  /** When it was written, in milliseconds. */
  readonly written: number;
}

interface Kept<T> {
  readonly stamp: string;
  readonly content: T;
}

const entries = new Map<string, Kept<EvaluationEntry | null>>();
const whole = new Map<string, Kept<Promise<BoardEvaluation>>>();

/** All evaluations, newest first. */
export async function listEvaluations(board: Board): Promise<EvaluationEntry[]> {
  const found: EvaluationEntry[] = [];
  for (const run of await foldersIn(board.runs)) {
    for (const split of await splitsIn(join(board.runs, run))) {
      const entry = await entryOf(board, run, split);
      if (entry !== null) found.push(entry);
    }
  }
  return found.sort((a, b) => a.time < b.time ? 1 : a.time > b.time ? -1 : 0);
}

/**
 * An evaluation by the names of its run and split.
 *
 * @throws {RouteError} with status 404 if there is none, with 400 if its file is damaged or of another version
 */
export async function openEvaluation(board: Board, run: string, split: string): Promise<BoardEvaluation> {
  const folder = join(board.runs, run);
  const known = (await foldersIn(board.runs)).includes(run) && (await splitsIn(folder)).includes(split);
  if (!known) {
    throw new RouteError(
      404,
      `Cannot find an evaluation of split ${JSON.stringify(split)} in run ${JSON.stringify(run)}\n` +
        "hint: deno task evaluate --run RUN --split SPLIT writes one",
    );
  }
  const path = join(folder, evaluationNames(split).json);
  const stamp = await stampOf(path, join(folder, evaluationNames(split).maps, MAP_INDEX_FILE));
  const kept = whole.get(path);
  whole.delete(path);
  const content = kept?.stamp === stamp ? kept.content : readEvaluation(folder, run, split);
  // The least recently used one comes first.
  whole.set(path, { stamp, content });
  for (const key of [...whole.keys()].slice(0, -MOST_KEPT)) whole.delete(key);
  content.catch(() => whole.get(path)?.content === content && whole.delete(path));
  return await content;
}

async function readEvaluation(folder: string, run: string, split: string): Promise<BoardEvaluation> {
  const path = join(folder, evaluationNames(split).json);
  const info = await Deno.stat(path);
  const document = await readDocument(path);
  const fault = DOCUMENT(document, "it");
  if (fault !== null) {
    throw new RouteError(
      400,
      `Cannot read the evaluation ${JSON.stringify(path)}: ${fault}\n` +
        "hint: evaluate again: deno task evaluate --run RUN --split SPLIT",
    );
  }
  const { settings, summary, classes, scores, audit, data, model } = document as Document;
  const maps = await readIndexOf(folder, split);
  const time = new Date(info.mtime ?? 0);
  return {
    folder,
    written: time.getTime(),
    model: isRecord(model) && typeof model.sha256 === "string" ? model.sha256 : null,
    results: {
      run,
      split,
      time: time.toISOString(),
      annotated: data.annotated,
      settings,
      pooled: summary?.pooled ?? null,
      baselineAccuracy: summary?.baselineAccuracy ?? null,
      pooledByClass: classes
        ? Object.fromEntries(Object.entries(classes).map(([name, { pooled }]) => [name, pooled]))
        : null,
      scores,
      findings: audit,
      maps,
    },
  };
}

/** What {@linkcode DOCUMENT} proves. */
interface Document extends Pick<EvaluationResults, "settings" | "scores"> {
  readonly data: { readonly annotated: boolean; readonly pictures?: unknown };
  readonly summary:
    | Pick<EvaluationResults, "baselineAccuracy"> & {
      readonly pooled: NonNullable<EvaluationResults["pooled"]>;
    }
    | null;
  readonly classes?: Readonly<Record<string, { readonly pooled: NonNullable<EvaluationResults["pooled"]> }>>;
  readonly audit: EvaluationResults["findings"];
  readonly model?: unknown;
}

async function entryOf(board: Board, run: string, split: string): Promise<EvaluationEntry | null> {
  const folder = join(board.runs, run);
  const names = evaluationNames(split);
  const path = join(folder, names.json);
  const index = join(folder, names.maps, MAP_INDEX_FILE);
  const stamp = await stampOf(path, index);
  const kept = entries.get(path);
  if (kept?.stamp === stamp) return kept.content;
  const info = await ifFound(Deno.stat(path));
  const document = await readDocument(path).catch(() => null);
  const content = info !== null && isRecord(document) && document.split === split
    ? {
      run,
      split,
      images: numberIn(document, "data", "pictures") ?? 0,
      annotated: isRecord(document.data) && document.data.annotated === true,
      dice: numberIn(document, "summary", "pooled", "dice"),
      meanDice: numberIn(document, "summary", "tumor", "metrics", "dice", "mean"),
      findings: Array.isArray(document.audit) ? document.audit.length : null,
      hasMaps: await ifFound(Deno.stat(index)) !== null,
      time: (info.mtime ?? new Date(0)).toISOString(),
    }
    : null;
  entries.set(path, { stamp, content });
  return content;
}

/** The number at a path of keys; null if there is none. */
function numberIn(value: unknown, ...keys: readonly string[]): number | null {
  for (const key of keys) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : null;
  return typeof value === "number" ? value : null;
}

async function readDocument(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readBoundedText(path, MAX_BYTES));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new RouteError(400, `Cannot read the evaluation ${JSON.stringify(path)}: it is not JSON`);
    }
    throw error;
  }
}

async function readIndexOf(folder: string, split: string): Promise<MapIndex | null> {
  const path = join(folder, evaluationNames(split).maps, MAP_INDEX_FILE);
  const text = await ifFound(readBoundedText(path, MAX_BYTES)).catch(() => null);
  try {
    return text === null ? null : readMapIndex(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The folders in a folder, links to folders among them, sorted. */
async function foldersIn(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory, isSymlink } of await listFolder(path)) {
    const leadsToFolder = isSymlink && (await Deno.stat(join(path, name)).catch(() => null))?.isDirectory;
    if (isDirectory || leadsToFolder) found.push(name);
  }
  return found.sort();
}

/** Splits whose evaluations may lie in a folder: a JSON file with a table or an audit next to it. */
async function splitsIn(folder: string): Promise<string[]> {
  const names = new Set((await listFolder(folder)).map(({ name }) => name));
  return [...names].filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).filter(
    (split) => {
      const { csv, auditCsv } = evaluationNames(split);
      return names.has(csv) || names.has(auditCsv);
    },
  ).sort();
}

async function stampOf(...paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => Deno.stat(path).catch(() => null)));
  return stats.map((info) => info && `${info.mtime?.getTime()} ${info.size} ${info.ino}`).join("|");
}
