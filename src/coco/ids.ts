/**
 * Ids of COCO entries: exact however large, and compared as COCO's own tools compare them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type JsonReviver, parseJson } from "./json.ts";

/** An integer up to 2^53 as a number; a larger one, which a number cannot hold exactly, as its digits. */
export type CocoId = number | string;

/** What an id must be, for messages. */
export const ID_FORM = "an id must be an integer or a string of digits";

/** An id as it stands in the file. */
export interface ReadId {
  /** The integer. */
  readonly id: CocoId;
  /** Equal for ids that match: a number only matches a number, a string only the same string. */
  readonly key: string;
}

/** More digits are not an id; those of 128 bits are 39. */
const MAX_DIGITS = 40;

/** Reads the id that stands in an entry; null if it is not one. */
export function readId(value: unknown): ReadId | null {
  if (Number.isSafeInteger(value)) return { id: (value as number) + 0, key: keyOf(value)! }; // no -0
  if (typeof value !== "bigint" && !isDigits(value)) return null;
  const integer = BigInt(value);
  const number = Number(integer);
  return { id: Number.isSafeInteger(number) ? number : String(integer), key: keyOf(value)! };
}

/** Equal for values that match each other, also if they are not ids; null for a value that matches nothing. */
export function keyOf(value: unknown): string | null {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "bigint" || Number.isSafeInteger(value) ? String(value) : null;
}

function isDigits(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_DIGITS && /^\d+$/.test(value);
}

/** A number of the file that a JavaScript number does not hold exactly and that is not an integer, as its text. */
export class NumberText {
  /** The text in the file: `1.5e18`. */
  readonly text: string;

  /** Holds a number's text. */
  constructor(text: string) {
    this.text = text;
  }

  /** The text, as the number that it was. */
  toJSON(): unknown {
    return rawJson(this.text);
  }
}

/** Writes exact numbers back as they were: a replacer for `JSON.stringify`. */
export function writeExactly(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJson(String(value)) : value;
}

function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

const ID_KEYS: ReadonlySet<string> = new Set(["id", "image_id", "category_id"]);

/**
 * Parses the JSON of a COCO file; the errors are those of {@linkcode parseJson}. Integers beyond 2^53 in the place of
 * an id become bigints, since two of them may be one as numbers; other inexact numbers there become
 * {@linkcode NumberText}.
 */
export function parseCoco(text: string, name: string): unknown {
  const root = parseJson(text, name);
  // Parsing with a reviver takes several times as long; only files with such ids need it.
  return hasInexactIds(root) ? parseJson(text, name, reviveIds) : root;
}

/** {@linkcode parseCoco} of a single entry of a list. */
export function parseCocoEntry(text: string, name: string): unknown {
  const entry = parseJson(text, name);
  return isInexactEntry(entry) ? parseJson(text, name, reviveIds) : entry;
}

const reviveIds: JsonReviver = (key, value, source) => {
  if (source === undefined || !ID_KEYS.has(key) || !isInexact(value)) return value;
  return /^-?\d+$/.test(source) && source.length <= MAX_DIGITS ? BigInt(source) : new NumberText(source);
};

function hasInexactIds(root: unknown): boolean {
  return Object.values(root ?? {}).some((list) => Array.isArray(list) && list.some(isInexactEntry));
}

function isInexactEntry(entry: unknown): boolean {
  if (typeof entry !== "object" || entry === null) return false;
  const { id, image_id, category_id } = entry as { readonly [key: string]: unknown };
  return isInexact(id) || isInexact(image_id) || isInexact(category_id);
}

function isInexact(value: unknown): boolean {
  return typeof value === "number" && !Number.isSafeInteger(value);
}
