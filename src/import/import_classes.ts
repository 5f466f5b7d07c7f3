/**
 * The categories of the result, by the classes that were chosen of those of the source.
 *
 * @module
 */
import { chooseClasses, type ClassOptions } from "../dataset/classes.ts";
import { IGNORE } from "../image/label_map.ts";
import type { ImportCategory } from "./import_kind.ts";
import type { WrittenCategory } from "./write_dataset.ts";

/** The classes of a result. */
export interface ImportClasses {
  /** Their names, without `ignore`. */
  readonly names: readonly string[];
  /** All categories of the annotation files; `ignore` is the last, if a region uses it. */
  readonly categories: readonly WrittenCategory[];
  /** The ids of the categories that the regions of a category of the source get. */
  idsOf(category: string): readonly number[];
}

/** Chooses among the categories of a source; `used` are those that have regions. Throws like `chooseClasses`. */
export function resolveClasses(
  known: readonly ImportCategory[],
  used: ReadonlySet<string>,
  options: ClassOptions,
): ImportClasses {
  const listed = known.map(({ name }) => name);
  const table = chooseClasses({ listed, outlined: listed.filter((name) => used.has(name)) }, options);
  const categories: WrittenCategory[] = table.names.map((name, at) => ({ id: at + 1, name }));
  if ([...used].some((name) => table.labelsOf(name).includes(IGNORE))) {
    categories.push({ id: categories.length + 1, name: "ignore" });
  }
  const ignoreId = categories.length;
  return {
    names: table.names,
    categories,
    idsOf: (category) => table.labelsOf(category).map((label) => label === IGNORE ? ignoreId : label),
  };
}
