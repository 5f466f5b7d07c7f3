/**
 * Tables of class names that lie next to masks: `class_dict.csv` with names and colors, `codes.txt` with a name per line.
 *
 * @module
 */
import { baseName, type SourceTree } from "../source_tree.ts";
import type { CodeSpace } from "./mask_codes.ts";
import { tokensOf } from "./tokens.ts";

/** Tells the name of a value; null if there is none. */
export type NameOf = (code: number) => string | null;

/** A table of the names of values. */
export interface ClassNames {
  /** The file that it is from; null if there is none. */
  readonly path: string | null;
  /** The names for masks with these values. */
  namesFor(space: CodeSpace, values: readonly number[]): NameOf;
}

/** No names. */
export const NO_NAMES: ClassNames = { path: null, namesFor: () => () => null };

/** Words of the names of such files. */
const WORDS = [
  "class",
  "classes",
  "label",
  "labels",
  "color",
  "colors",
  "colour",
  "colours",
  "colormap",
  "codes",
];

/** A table of names is a short file. */
const MAX_BYTES = 2 ** 16;

/** Reads the table of names of a source, if exactly one of its files is one. */
export async function readClassNames(tree: SourceTree): Promise<ClassNames> {
  const tables: ClassNames[] = [];
  for (const { path, byteLength } of tree.files) {
    const tokens = tokensOf(baseName(path));
    if (
      !/\.(csv|txt)$/i.test(path) || byteLength > MAX_BYTES || !tokens.some((token) => WORDS.includes(token))
    ) {
      continue;
    }
    const table = parseClassNames(new TextDecoder().decode(await tree.read(path, MAX_BYTES)), path);
    if (table !== null) tables.push(table);
  }
  return tables.length === 1 ? tables[0]! : NO_NAMES;
}

/** Parses a table of names; null for anything else. */
export function parseClassNames(text: string, path: string): ClassNames | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  const colors = new Map<number, string>();
  const indices = new Map<number, string>();
  const list: string[] = [];
  for (const [at, line] of lines.entries()) {
    const fields = line.split(/[,;\t]|\s{2,}/).map((field) => field.trim()).filter((field) => field !== "");
    const parts = (fields.length > 1 ? fields : line.split(/\s+/)).map((part) => part.replace(/:$/, ""));
    const numbers = parts.flatMap((part) => part.split(/\s+/)).filter((part) => /^\d+$/.test(part)).map(
      Number,
    );
    const name = parts.filter((part) => /\p{L}/u.test(part)).join(" ");
    if (name === "" || name.length > 200) return null;
    const [red, green, blue] = numbers.slice(-3);
    if (blue !== undefined && Math.max(red!, green!, blue) <= 255) {
      colors.set(red! << 16 | green! << 8 | blue, name);
      if (numbers.length === 4) indices.set(numbers[0]!, name);
    } else if (numbers.length === 1) indices.set(numbers[0]!, name);
    else if (numbers.length === 0 && fields.length === 1) list.push(name);
    else if (at > 0) return null; // the first line may be a heading
  }
  if (list.length === lines.length && list.length > 1) {
    return {
      path,
      namesFor: (space, values) => listed(list, space, values),
    };
  }
  if (list.length > 0 || colors.size === 0 && indices.size < 2) return null;
  return { path, namesFor: (space) => (code) => (space === "color" ? colors : indices).get(code) ?? null };
}

/** A name per line counts from 0 if there are as many as values with 0, from 1 if there are as many as without. */
function listed(list: readonly string[], space: CodeSpace, values: readonly number[]): NameOf {
  const most = values.filter((code) => code !== 255).reduce((a, b) => Math.max(a, b), 0);
  const first = space === "color" ? null : list.length === most + 1 ? 0 : list.length === most ? 1 : null;
  return (code) => first === null ? null : list[code - first] ?? null;
}
