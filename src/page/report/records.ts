/**
 * Reads a run folder's records for its report: its log, its settings, its checkpoint's progress and its evaluations. Any
 * of them may be missing, damaged, or of an older version.
 *
 * @module
 */
import { basename, join } from "node:path";
import { escapeLine } from "../../escape.ts";
import { isRecord } from "../../fs/json_shape.ts";
import { readBounded, readBoundedText } from "../../fs/bounded_read.ts";
import { evaluationNames, FOLDERS, RUN_FILES } from "../../fs/layout.ts";
import { ifFound, listFolder, readJson, withinProject } from "../../fs/paths.ts";
import { type EpochRecord, readLogLines } from "../../tracking/run_log.ts";
import { readProgress, type RunProgress } from "../../training/checkpoint.ts";
import { CASES_FORMAT } from "../../evaluation/case_images.ts";
import {
  type EvaluationRecord,
  readEvaluation,
  recordOf,
  textOf,
  type Value,
  valueOf,
} from "./evaluation_record.ts";

/** An image drawn as an example. */
export interface CaseRecord {
  /** The image's name. */
  readonly name: string;
  /** What it is an example of. */
  readonly rank: string;
  /** Its Dice. */
  readonly dice: Value;
  /** What each panel shows, and its JPEG in base64. */
  readonly panels: readonly { readonly caption: string; readonly jpeg: string }[];
}

/** An evaluation with the images drawn for it. */
export interface ShownEvaluation extends EvaluationRecord {
  /** The worst, median and best images; empty if they were not stored, or belong to another evaluation. */
  readonly cases: readonly CaseRecord[];
  /** Colors of classes by name, as six hexadecimal digits after `#`. */
  readonly colors: ReadonlyMap<string, string>;
  /** The older figure of cases as a PNG in base64, if there are no images. */
  readonly figure: string | null;
}

/** What is known of a run. */
export interface RunRecords {
  /** The name of its folder. */
  readonly name: string;
  /** The folder relative to the project, or its name if it lies elsewhere. */
  readonly folder: string;
  /** Its epochs. */
  readonly epochs: readonly EpochRecord[];
  /** Damaged lines of its log. */
  readonly damagedLines: number;
  /** Its settings and what was recorded with them; null if there are none. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** Its progress; null without a checkpoint that can be read. */
  readonly progress: RunProgress | null;
  /** Its evaluations: test, valid and train first. */
  readonly evaluations: readonly ShownEvaluation[];
  /** What exists and cannot be used, one sentence each. */
  readonly notes: readonly string[];
}

/** Most runs that a hint names. */
const MOST_HINTS = 8;

/** Most evaluations of a report. */
const MOST_EVALUATIONS = 4;

/** Bytes of an evaluation of 10,000 images of 14 classes, twice. */
const MAX_EVALUATION_BYTES = 2 ** 28;

/** Bytes of stored cases, of an older figure, and of one JPEG in base64. */
const MAX_CASES_BYTES = 2 ** 24, MAX_FIGURE_BYTES = 900_000, MAX_JPEG_BYTES = 200_000;

/** Splits that come first. */
const ORDER = ["test", "valid", "train"];

/**
 * Reads the records of a run.
 *
 * @throws {Error} if the folder does not exist or holds no record of a run.
 */
export async function readRecords(folder: string): Promise<RunRecords> {
  const entries = await ifFound(Array.fromAsync(Deno.readDir(folder)));
  if (entries === null) {
    throw new Error(
      `Cannot report on ${JSON.stringify(folder)}: there is no such folder\n${await hintFor()}`,
    );
  }
  const names = new Set(entries.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name));
  const notes: string[] = [];
  const lines = await readLogLines(folder);
  const config = await readJson(join(folder, RUN_FILES.config));
  const progress = await attempt(RUN_FILES.checkpoint, notes, async () => {
    return names.has(RUN_FILES.checkpoint) ? await readProgress(join(folder, RUN_FILES.checkpoint)) : null;
  });
  const evaluations = await readEvaluations(folder, names, notes);
  if (!isRecord(config) && lines.length === 0 && progress === null && evaluations.length === 0) {
    if (!names.has(RUN_FILES.best)) {
      throw new Error(
        `Cannot report on ${JSON.stringify(folder)}: it holds no records of a run\n${await hintFor()}`,
      );
    }
  }
  const epochs = lines.filter((line) => line !== null);
  return {
    name: basename(withinProject(folder) ?? folder),
    folder: withinProject(folder) ?? basename(folder),
    epochs,
    // The last line may be being written.
    damagedLines: lines.slice(0, -1).filter((line) => line === null).length,
    config: isRecord(config) ? config : null,
    progress,
    evaluations,
    notes,
  };
}

/** A way out of a folder that is no run's. */
async function hintFor(): Promise<string> {
  const runs: string[] = [];
  for (const { name } of await listFolder(FOLDERS.runs)) {
    const folder = join(FOLDERS.runs, name);
    if (await ifFound(Deno.stat(join(folder, RUN_FILES.config))) !== null) runs.push(escapeLine(folder));
  }
  return runs.length === 0
    ? "hint: `deno task train` makes a run"
    : `hint: runs are ${runs.sort().slice(0, MOST_HINTS).join(", ")}${
      runs.length > MOST_HINTS ? ", ..." : ""
    }`;
}

async function readEvaluations(
  folder: string,
  names: ReadonlySet<string>,
  notes: string[],
): Promise<ShownEvaluation[]> {
  const splits = [...names].filter((name) => name.endsWith(".json") && name !== RUN_FILES.config)
    .map((name) => name.slice(0, -".json".length))
    .filter((split) => !split.endsWith("case-images"))
    .sort((a, b) => orderOf(a) - orderOf(b) || (a < b ? -1 : 1));
  const evaluations: ShownEvaluation[] = [];
  for (const split of splits) {
    if (evaluations.length === MOST_EVALUATIONS) break;
    const { json } = evaluationNames(split);
    const record = await attempt(json, notes, async () => {
      return readEvaluation(
        JSON.parse(await readBoundedText(join(folder, json), MAX_EVALUATION_BYTES)),
        split,
      );
    });
    if (record !== null) evaluations.push({ ...record, ...await readCases(folder, record) });
  }
  return evaluations;
}

function orderOf(split: string): number {
  const place = ORDER.indexOf(split);
  return place < 0 ? ORDER.length : place;
}

async function readCases(
  folder: string,
  { split, scores }: EvaluationRecord,
): Promise<Pick<ShownEvaluation, "cases" | "colors" | "figure">> {
  const names = evaluationNames(split);
  const text = await ifFound(readBoundedText(join(folder, names.caseImages), MAX_CASES_BYTES)).catch(() =>
    null
  );
  const document = recordOf(parsed(text ?? ""));
  const diceOf = new Map(scores.map(({ name, metrics: { dice } }) => [name, dice]));
  const listed = document.format === CASES_FORMAT && Array.isArray(document.cases) ? document.cases : [];
  const cases = listed.slice(0, 12).map(recordOf).map((each): CaseRecord => ({
    name: textOf(each.name),
    rank: textOf(each.rank),
    dice: valueOf(each.dice),
    panels: (Array.isArray(each.panels) ? each.panels : []).slice(0, 4).map(recordOf)
      .map(({ caption, jpeg }) => ({ caption: textOf(caption), jpeg: textOf(jpeg) }))
      .filter(({ jpeg }) => isBase64(jpeg)),
  }));
  // They are written before the numbers: a run that was killed in between has those of two evaluations.
  const same = cases.every(({ name, dice }) => diceOf.get(name) === dice);
  const classes = (Array.isArray(document.classes) ? document.classes : []).map(recordOf);
  const colors = classes.map(({ name, color }) => [textOf(name), textOf(color)] as const);
  return {
    cases: same ? cases.filter(({ panels }) => panels.length > 0) : [],
    colors: new Map(colors.filter(([, color]) => /^#[0-9a-f]{6}$/.test(color))),
    figure: cases.length === 0 ? await readFigure(join(folder, names.cases)) : null,
  };
}

function isBase64(text: string): boolean {
  return text.length > 0 && text.length <= MAX_JPEG_BYTES && /^\/9j\/[A-Za-z0-9+/]+={0,2}$/.test(text);
}

/** An older evaluation's figure, if it is a small PNG. */
async function readFigure(path: string): Promise<string | null> {
  const bytes = await ifFound(readBounded(path, MAX_FIGURE_BYTES)).catch(() => null);
  return bytes !== null && bytes[0] === 0x89 && bytes[1] === 0x50 ? bytes.toBase64() : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The result of reading a file; null, and a note, if it cannot be read. */
async function attempt<T>(name: string, notes: string[], read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof SyntaxError ? "is damaged" : "cannot be read";
    notes.push(`${name} ${reason} and is left out.`);
    return null;
  }
}
