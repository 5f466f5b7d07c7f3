/**
 * The card of a model: what it is for, what it was made of, and what it is worth; `card.json` next to the model.
 * This module is browser compatible.
 *
 * @module
 */
import { isRecord } from "../fs/json_shape.ts";
import { findJsonExcess } from "../weights/json_bounds.ts";

/** Marks the file. */
export const CARD_FORMAT = "deno-unet card 1";

/** A model card. */
export interface ModelCard {
  /** {@linkcode CARD_FORMAT}. */
  readonly format: typeof CARD_FORMAT;
  /** The model's file. */
  readonly model: CardModel;
  /** What it may be used for. */
  readonly intendedUse: readonly string[];
  /** What it must not be used for, and where it fails. */
  readonly limitations: readonly string[];
  /** How it was trained. */
  readonly training: CardTraining;
  /** The images that it was trained, validated and evaluated on, by role. */
  readonly data: Readonly<Record<string, CardSplit>>;
  /** What it is worth, by split. */
  readonly evaluations: Readonly<Record<string, CardEvaluation>>;
  /** Licences of software and data. */
  readonly licences: { readonly software: string; readonly data: readonly DataLicence[] };
}

/** A model's file. */
export interface CardModel {
  /** Its name. */
  readonly file: string;
  /** Its SHA-256. */
  readonly sha256: string;
  /** Its size in bytes. */
  readonly byteLength: number;
  /** Its weights. */
  readonly parameters: number;
  /** What it says of itself, without the settings of its training and its data. */
  readonly description: Readonly<Record<string, unknown>>;
  /** The file that it was converted from; absent if training wrote it. */
  readonly convertedFrom?: string;
}

/** How a model was trained; null or empty where its file does not tell. */
export interface CardTraining {
  /** The command. */
  readonly command: string | null;
  /** The settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The software and the adapter. */
  readonly versions: Readonly<Record<string, unknown>>;
  /** The kernel variants. */
  readonly kernels: Readonly<Record<string, unknown>>;
  /** Metrics of the best epoch on the split that chose it, which are optimistic. */
  readonly bestEpoch: Readonly<Record<string, unknown>>;
}

/** A split. */
export interface CardSplit {
  /** Its images. */
  readonly images: number;
  /** SHA-256 of all names, images and annotations. */
  readonly fingerprint: string;
  /** For each image: SHA-256 of the file, SHA-256 of what determines its mask, split and name, separated by blanks. */
  readonly files: readonly string[];
}

/** An interval of a mean. */
export interface CardMetric {
  /** Images that it is defined for. */
  readonly count: number;
  /** The mean over them. */
  readonly mean: number | null;
  /** The interval of the mean, at the evaluation's level. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Metrics of some images. */
export interface CardGroup {
  /** Which images. */
  readonly name: string;
  /** Their number. */
  readonly images: number;
  /** Metrics by name. */
  readonly metrics: Readonly<Record<string, CardMetric>>;
}

/** An image that the model is worst at. */
export interface CardFailure {
  /** Its name. */
  readonly image: string;
  /** Its Dice. */
  readonly dice: number | null;
  /** Drawings of it, next to the card. */
  readonly files: readonly string[];
}

/** What a model is worth on a split. */
export interface CardEvaluation {
  /** SHA-256 of the model that was evaluated. */
  readonly model: string;
  /** Images. */
  readonly images: number;
  /** The threshold; null for the most probable of several classes. */
  readonly threshold: number | null;
  /** The level of the intervals. */
  readonly level: number;
  /** Dice over all pixels of all images. */
  readonly pooledDice: number | null;
  /** Metrics by group. */
  readonly groups: readonly CardGroup[];
  /** The worst images. */
  readonly failures: readonly CardFailure[];
}

/** A licence of data. */
export interface DataLicence {
  /** Its name. */
  readonly name: string;
  /** Where it is. */
  readonly url: string;
  /** Whose data they are, as the licence wants it said; absent if no one has said it. */
  readonly attribution?: string;
}

/** Most images that a split lists: beyond, only the fingerprint identifies them. */
export const MOST_LISTED = 20_000;

/** Most bytes of a card. */
export const MAX_CARD_BYTES = 2 ** 25;
const BOUNDS = { depth: 16, containers: 20_000, values: 400_000 };

/** The text of a card. */
export function packCard(card: ModelCard): string {
  return `${JSON.stringify(card, null, 2)}\n`;
}

/**
 * Reads a card; fields beyond the format are kept.
 *
 * @throws {SyntaxError} if it is damaged
 * @throws {RangeError} if it is larger than any card
 */
export function parseCard(text: string): ModelCard {
  const excess = findJsonExcess(new TextEncoder().encode(text), BOUNDS);
  if (excess !== null) throw new RangeError(`Cannot read the card: ${excess}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError("Cannot read the card: it is not JSON");
  }
  const fault = faultOf(value);
  if (fault !== null) throw new SyntaxError(`Cannot read the card: ${fault}`);
  return value as ModelCard;
}

function faultOf(value: unknown): string | null {
  if (!isRecord(value) || value.format !== CARD_FORMAT) return `its format is not "${CARD_FORMAT}"`;
  const { model, training, data, evaluations, licences } = value;
  if (!isRecord(model) || !isHash(model.sha256) || typeof model.file !== "string") {
    return "it names no model with a SHA-256";
  }
  if (!isRecord(model.description)) return "it does not describe its model";
  for (const name of ["intendedUse", "limitations"]) {
    if (!isTexts(value[name])) return `its ${name} is not a list of texts`;
  }
  const parts = ["settings", "versions", "kernels", "bestEpoch"];
  if (!isRecord(training) || !parts.every((name) => isRecord(training[name]))) {
    return "it does not say how its model was trained";
  }
  if (!isRecord(data) || !Object.values(data).every(isSplit)) return "its data is no list of splits";
  if (!isRecord(evaluations) || !Object.values(evaluations).every(isEvaluation)) {
    return "its evaluations have no groups of metrics";
  }
  const known = isRecord(licences) && typeof licences.software === "string" && Array.isArray(licences.data) &&
    licences.data.every((each) => isRecord(each) && isTexts([each.name, each.url, each.attribution ?? ""]));
  return known ? null : "it names no licences";
}

function isSplit(value: unknown): boolean {
  return isRecord(value) && Number.isSafeInteger(value.images) && typeof value.fingerprint === "string" &&
    isTexts(value.files) && value.files.every((line) => FILE_LINE.test(line));
}

function isEvaluation(value: unknown): boolean {
  return isRecord(value) && isHash(value.model) && Array.isArray(value.groups) &&
    value.groups.every((group) =>
      isRecord(group) && typeof group.name === "string" && isRecord(group.metrics) &&
      Object.values(group.metrics).every(isRecord)
    ) && Array.isArray(value.failures) &&
    value.failures.every((each) => isRecord(each) && typeof each.image === "string" && isTexts(each.files));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** Image, mask, and split and name of the file; a mask that was corrected has `corrected` for its hash. */
const FILE_LINE = /^([0-9a-f]{64}) ([0-9a-f]{64}|corrected) ([^/]+)\/(.+)$/s;

/** An image of a card. */
export interface CardFile {
  /** SHA-256 of the file. */
  readonly image: string;
  /** SHA-256 of what determines its mask, or `corrected`. */
  readonly mask: string;
  /** The name of its split. */
  readonly split: string;
  /** Its path in the split's folder. */
  readonly fileName: string;
}

/** A line of {@linkcode CardSplit.files}. */
export function fileLine({ image, mask, split, fileName }: CardFile): string {
  return `${image} ${mask} ${split}/${fileName}`;
}

/** The inverse of {@linkcode fileLine}, for lines that {@linkcode parseCard} accepted. */
export function parseFileLine(line: string): CardFile {
  const [, image, mask, split, fileName] = FILE_LINE.exec(line)!;
  return { image: image!, mask: mask!, split: split!, fileName: fileName! };
}

/** A split of a card. */
export function cardSplit(fingerprint: string, files: readonly CardFile[]): CardSplit {
  const listed = files.length <= MOST_LISTED ? files : [];
  return { images: files.length, fingerprint, files: listed.map(fileLine) };
}
