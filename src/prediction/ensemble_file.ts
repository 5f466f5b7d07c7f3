/**
 * `ensemble.json` in the folder of a run of several models: which they are, and which images each has not seen.
 *
 * @module
 */
import { join } from "node:path";
import { readBoundedText } from "../fs/bounded_read.ts";
import { integerOf, listOf, objectOf, oneOf, orMissing, orNull, type Shape, TEXT } from "../fs/json_shape.ts";
import { RUN_FILES } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";

/** Why a run has several models: they were validated with other images, or drawn by other seeds. */
export type MemberKind = "folds" | "seeds";

/** An image of a cross-validation. */
export interface FoldImage {
  /** The name of its split. */
  readonly split: string;
  /** Its path there. */
  readonly name: string;
  /** SHA-256 of its file. */
  readonly sha256: string;
  /** The number of its group: images that must share a fold. */
  readonly group: number;
  /** The fold that is validated with it; the others are trained on it. */
  readonly fold: number;
}

/** What the file says. */
export interface EnsembleFile {
  /** What kind of file it is. */
  readonly format: string;
  /** Why there are several models. */
  readonly members: MemberKind;
  /** How many. */
  readonly count: number;
  /** The dataset's folder relative to the project; null if it lies outside. */
  readonly dataFolder: string | null;
  /** The settings of the first model; of seeds, the others have the following seeds. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What was asked for besides settings. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** What the recipe `auto` chose for all of them, and why; absent for others. */
  readonly auto?: Readonly<Record<string, unknown>>;
  /** The fingerprints of both whole splits. */
  readonly data: { readonly train: string; readonly valid: string };
  /** The images of folds; absent for seeds. */
  readonly images?: readonly FoldImage[];
}

/** Marks the file. */
export const ENSEMBLE_FORMAT = "deno-unet ensemble 1";

/** Most models of a run. */
export const MAX_MEMBERS = 100;

/** A line per image. */
const MAX_BYTES = 2 ** 28;

const IMAGE = objectOf({
  split: TEXT,
  name: TEXT,
  sha256: TEXT,
  group: integerOf(),
  fold: integerOf(0, MAX_MEMBERS - 1),
});

const ANY: Shape = objectOf({});

const FILE = objectOf({
  format: oneOf(ENSEMBLE_FORMAT),
  members: oneOf("folds", "seeds"),
  count: integerOf(2, MAX_MEMBERS),
  dataFolder: orNull(TEXT),
  config: ANY,
  asked: ANY,
  auto: orMissing(ANY),
  data: objectOf({ train: TEXT, valid: TEXT }),
  images: orMissing(listOf(IMAGE)),
});

/**
 * Reads the file of a run's folder; null if it is a run of one model, or no run at all.
 *
 * @throws {SyntaxError} if the file is damaged
 */
export async function readEnsembleFile(folder: string): Promise<EnsembleFile | null> {
  const path = join(folder, RUN_FILES.ensemble);
  const text = await ifFound(readBoundedText(path, MAX_BYTES));
  if (text === null) return null;
  let value: unknown;
  let fault: string | null;
  try {
    value = JSON.parse(text);
    fault = FILE(value, RUN_FILES.ensemble);
  } catch {
    fault = "it is not JSON";
  }
  if (fault === null) return value as EnsembleFile;
  throw new SyntaxError(
    `Cannot read ${path}: ${fault}\nhint: its models are in the folders next to it: name them with --model`,
  );
}

/** The folder of a model, relative to that of the run: `folds/0`. */
export function memberFolder(kind: MemberKind, index: number): string {
  return `${RUN_FILES[kind]}/${index}`;
}

/** The model files of such a run, in order. */
export function memberFiles(folder: string, { members, count }: EnsembleFile): string[] {
  return Array.from(
    { length: count },
    (_, index) => join(folder, memberFolder(members, index), RUN_FILES.best),
  );
}
