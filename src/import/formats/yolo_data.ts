/**
 * The `data.yaml` of a YOLO dataset: names of classes, and where the images of each split lie.
 *
 * @module
 */
import { showValue } from "../../coco/problems.ts";
import type { SplitName } from "../../dataset/roles.ts";

/** What a `data.yaml` says. */
export interface YoloData {
  /** The names by class index; empty if it has none. */
  readonly names: ReadonlyMap<number, string>;
  /** The folders or lists of images of each split, as they are written. */
  readonly splits: ReadonlyMap<SplitName, readonly string[]>;
  /** Whether the labels hold key points. */
  readonly hasKeyPoints: boolean;
}

/** The keys under which splits are written. */
const SPLIT_KEYS: readonly (readonly [string, SplitName])[] = [
  ["train", "train"],
  ["val", "valid"],
  ["valid", "valid"],
  ["validation", "valid"],
  ["test", "test"],
];

/** Reads the value of a `data.yaml`; null if it is another file. Throws a SyntaxError for names in no known form. */
export function readYoloData(value: unknown, name: string): YoloData | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const root = value as { readonly [key: string]: unknown };
  const splits = new Map<SplitName, readonly string[]>();
  for (const [key, split] of SPLIT_KEYS) {
    const places = (Array.isArray(root[key]) ? root[key] as unknown[] : [root[key]])
      .filter((place) => typeof place === "string" && place !== "") as string[];
    if (places.length > 0 && !splits.has(split)) splits.set(split, places);
  }
  if (splits.size === 0 && root.names === undefined) return null;
  return { names: readNames(root.names, name), splits, hasKeyPoints: root.kpt_shape !== undefined };
}

function readNames(names: unknown, file: string): Map<number, string> {
  if (names === undefined || names === null) return new Map();
  if (typeof names !== "object") {
    throw new SyntaxError(`Cannot read ${file}: its names are ${showValue(names)}, expected a list or a map`);
  }
  const entries: [number, string][] = Object.entries(names).map(([key, name]) => {
    const index = Number(key);
    if (Number.isInteger(index) && index >= 0 && isName(name)) return [index, String(name)];
    // The other way round: `cat: 0`.
    if (Number.isInteger(name) && (name as number) >= 0 && !Array.isArray(names)) {
      return [name as number, key];
    }
    throw new SyntaxError(
      `Cannot read ${file}: the name of class ${key} is ${showValue(name)}, expected a text`,
    );
  });
  const read = new Map(entries);
  if (read.size < entries.length) throw new SyntaxError(`Cannot read ${file}: two names have the same index`);
  return read;
}

/** YAML reads the names `1` and `no` of a list as a number and a truth value. */
function isName(name: unknown): boolean {
  return typeof name === "string" || typeof name === "number" || typeof name === "boolean";
}
