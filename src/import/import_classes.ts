/**
 * Which categories of a source become which classes of the result.
 *
 * @module
 */
import type { ImportCategory } from "./import_kind.ts";
import type { WrittenCategory } from "./write_dataset.ts";

/** How categories become classes. */
export interface ClassOptions {
  /** The classes that are taken, in their order; all if left out. */
  readonly classes?: readonly string[] | undefined;
  /** Unites categories: `whole=tumor+edema`. */
  readonly merge?: readonly string[] | undefined;
  /** Whether all categories become one class, `foreground`. */
  readonly binary?: boolean | undefined;
}

/** The classes of a result. */
export interface ImportClasses {
  /** Their names, without `ignore`. */
  readonly names: readonly string[];
  /** All categories of the annotation files, `ignore` included. */
  readonly categories: readonly WrittenCategory[];
  /** What a user should know. */
  readonly lines: readonly string[];
  /** The id of a category of the source; null if it is not taken. */
  idOf(category: string): number | null;
}

/** Whether a category means pixels that nobody labeled. */
export function isIgnored(name: string): boolean {
  return name.trim().toLowerCase() === "ignore";
}

/** Resolves the options; `used` are the categories that have regions. */
export function resolveClasses(
  known: readonly ImportCategory[],
  used: ReadonlySet<string>,
  { classes, merge = [], binary = false }: ClassOptions,
): ImportClasses {
  void classes, merge;
  const names = known.map(({ name }) => name).filter((name) => used.has(name) && !isIgnored(name));
  const ignored = known.find(({ name }) => used.has(name) && isIgnored(name))?.name;
  const taken = binary ? ["foreground"] : names;
  const categories = [...taken, ...ignored === undefined ? [] : ["ignore"]].map((name, at) => ({
    id: at + 1,
    name,
  }));
  return {
    names: taken,
    categories,
    lines: [],
    idOf: (category) => {
      const name = isIgnored(category) ? "ignore" : binary ? "foreground" : category;
      return categories.find((other) => other.name === name)?.id ?? null;
    },
  };
}
