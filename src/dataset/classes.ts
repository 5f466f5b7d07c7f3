/**
 * Which classes a network tells apart, from the categories of a dataset and what the user chose: the one place for
 * `import`, `train`, `evaluate`, `inspect` and `masks`.
 *
 * A category is what an annotation file names; a class is what the network tells apart, with labels from 1.
 *
 * @module
 */
import { showValue } from "../coco/problems.ts";
import type { Labeling } from "../coco/coco.ts";
import { FOREGROUND, IGNORE } from "../image/label_map.ts";
import { classColor, colorToHex } from "../image/palette.ts";
import type { Category, SplitListing } from "./dataset_source.ts";

/** A class as files of a model name it. */
export interface ClassSpec {
  /** Its name. */
  readonly name: string;
  /** Its color, as `#rrggbb`. */
  readonly color: string;
  /** The categories that it unites; absent if it is the category of its name. */
  readonly categories?: readonly string[] | undefined;
}

/** What the user chose; by default each outlined category is a class. */
export interface ClassOptions {
  /** The categories, or classes of `merge`, that become classes, in this order; the others are background. */
  readonly classes?: readonly string[] | undefined;
  /** Classes that unite categories, each as `whole=tumor+edema`. */
  readonly merge?: readonly string[] | undefined;
  /** Whether all classes are united to one foreground class. */
  readonly binary?: boolean | undefined;
}

/** The categories of a dataset, by name. */
export interface CategoryNames {
  /** All that are listed. */
  readonly listed: readonly string[];
  /** Those with at least one annotation that can be drawn, in the order of the annotation files. */
  readonly outlined: readonly string[];
}

/** The classes, and the labels of each category's annotations. */
export interface ClassTable {
  /** The classes, at least one; class `i` has the label `i + 1`. */
  readonly classes: readonly ClassSpec[];
  /** Their names. */
  readonly names: readonly string[];
  /** Their colors, as `#rrggbb`. */
  readonly colors: readonly string[];
  /** The categories that were merged to `ignore`. */
  readonly ignored: readonly string[];
  /**
   * Whether this is the one foreground class of a dataset in which nothing had to be chosen: runs and models then name
   * no classes, and every category that is not `ignore` or background counts as it.
   */
  readonly isPlain: boolean;
  /**
   * The labels of the annotations of a category: a class (several, if `classes` names a category and a union that holds
   * it), {@linkcode IGNORE}, or none, for background. `null` stands for a category that is not listed: it is ignored,
   * unless all categories are one class.
   */
  labelsOf(category: string | null): readonly number[];
}

/** Most classes: labels are bytes, and 0 and 255 are taken. */
export const MAX_CLASSES = 254;

/** Longest name of a class. */
export const MAX_CLASS_NAME = 200;

/** The name of the class that unites all. */
const UNITED = "foreground";

/** The name of a category: its id if it has none. */
export function categoryName({ id, name }: Category): string {
  return name.trim() === "" ? String(id) : name.trim();
}

/** Whether annotations of a category of this name mark pixels that nobody labeled: `ignore`, `__ignore__`. */
export function isIgnoreName(name: string): boolean {
  return /^_*ignore_*$/i.test(name);
}

/** Whether a category of this name is no class: `background`, `_background_`. */
export function isBackgroundName(name: string): boolean {
  return /^_*background_*$/i.test(name);
}

/** The categories of the splits, in the order of the splits and of their annotation files. */
export function categoryNames(
  listings: readonly Pick<SplitListing, "categories" | "images">[],
): CategoryNames {
  const listed = new Set<string>();
  const outlined = new Set<string>();
  for (const { categories, images } of listings) {
    const used = new Set(
      images.flatMap(({ state, categoryIds }) => state === "annotated" ? categoryIds : []),
    );
    for (const category of categories) {
      listed.add(categoryName(category));
      if (used.has(category.id)) outlined.add(categoryName(category));
    }
  }
  return { listed: [...listed], outlined: [...outlined] };
}

/**
 * The classes of a dataset. Nothing chosen: every outlined category is one; a single one is the plain foreground class.
 *
 * @throws {RangeError} if a name is none of the dataset's, occurs twice, or is too long, or there are too many classes.
 * @throws {SyntaxError} if a union is not of the form `whole=tumor+edema`.
 */
export function chooseClasses(categories: CategoryNames, options: ClassOptions = {}): ClassTable {
  const { classes, merge = [], binary = false } = options;
  const unions = new Map(merge.map((text) => parseUnion(text, categories.listed)));
  if (unions.size < merge.length) {
    throw new RangeError(
      "Cannot merge categories to one name twice\nhint: name all of them in one --merge, as whole=tumor+edema",
    );
  }
  const isClass = (name: string) => !isIgnoreName(name) && !isBackgroundName(name);
  const merged = new Set([...unions.values()].flat());
  const free = categories.outlined.filter((name) => isClass(name) && !merged.has(name));
  const clash = free.find((name) => unions.has(name));
  if (clash !== undefined) {
    throw new RangeError(
      `Cannot merge categories to ${showValue(clash)}: it is the name of another category\n` +
        `hint: choose another name, or unite it, too: --merge ${
          unionText(clash, [clash, ...unions.get(clash)!])
        }`,
    );
  }
  if (classes === undefined && merge.length === 0 && (binary || free.length <= 1)) {
    return plainTable(binary ? UNITED : free[0] ?? UNITED);
  }
  const candidates = inOrder(categories.outlined, unions).filter(isClass);
  const picked = classes === undefined ? candidates : classes.map((name) => {
    const known = [...new Set([...unions.keys(), ...categories.listed])].filter(isClass);
    return findName(name, known, "pick class");
  });
  const twice = picked.find((name, i) => picked.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new RangeError(`Cannot pick class ${showValue(twice)} twice\nhint: name it once in --classes`);
  }
  if (picked.length === 0) {
    throw new RangeError(
      "Cannot choose classes: no category is left\nhint: merge fewer of them with --merge",
    );
  }
  const united = (name: string) => unions.get(name) ?? [name];
  const groups = binary && picked.length > 1
    ? [{ name: UNITED, categories: [...new Set(picked.flatMap(united))] }]
    : picked.map((name) => ({ name, categories: united(name) }));
  const ignored = [...unions].flatMap(([name, parts]) => isIgnoreName(name) ? parts : []);
  return tableOf(withColors(groups), ignored);
}

/**
 * The classes of a model in a dataset, matched by name: the category of a class's name, else those that it united in
 * training. A class may be missing; other categories are background, those of `ignored` are ignored.
 *
 * @throws {RangeError} if the dataset has none of them; the message has both lists.
 */
export function matchClasses(
  classes: readonly ClassSpec[],
  { listed }: Pick<CategoryNames, "listed">,
  ignored: readonly string[] = [],
): ClassTable {
  const groups = classes.map(({ name, categories = [] }) => {
    const same = similar(name, listed);
    return same === undefined ? categories.flatMap((part) => similar(part, listed) ?? []) : [same];
  });
  if (groups.every((group) => group.length === 0)) {
    throw new RangeError(
      `Cannot use the model's classes ${showNames(classes.map(({ name }) => name))} on this dataset: its ` +
        `categories are ${showNames(listed)}\nhint: rename the categories, or use a model of these classes`,
    );
  }
  return tableOf(classes, ignored, groups);
}

/**
 * How the annotations of a file with these categories become labels. `overlapping` keeps all classes of a pixel;
 * otherwise the later annotation wins.
 */
export function labelingOf(
  table: ClassTable,
  categories: readonly Category[],
  overlapping = false,
): Labeling {
  const labels = new Map(categories.map((each) => [each.id, table.labelsOf(categoryName(each))]));
  const unlisted = table.labelsOf(null);
  return {
    classCount: table.classes.length,
    overlapping: overlapping && table.classes.length > 1,
    labelsOf: (id) => (id === null ? undefined : labels.get(id)) ?? unlisted,
  };
}

/** The one foreground class that holds every category, as version 0.2.0 trained. */
export function plainTable(name = UNITED): ClassTable {
  const classes = withColors([{ name, categories: [name] }]);
  return {
    ...described(classes),
    ignored: [],
    isPlain: true,
    labelsOf: (category) => fixedLabels(category ?? "") ?? [FOREGROUND],
  };
}

function tableOf(
  classes: readonly ClassSpec[],
  ignored: readonly string[],
  groups: readonly (readonly string[])[] = classes.map(({ name, categories }) => categories ?? [name]),
): ClassTable {
  if (classes.length > MAX_CLASSES) {
    throw new RangeError(
      `Cannot tell ${classes.length} classes apart: at most ${MAX_CLASSES}\n` +
        "hint: pick some with --classes, or unite some with --merge",
    );
  }
  const long = classes.find(({ name }) => name.length > MAX_CLASS_NAME);
  if (long !== undefined) {
    throw new RangeError(
      `Cannot use class ${showValue(long.name)}: its name has ${long.name.length} characters, ` +
        `${MAX_CLASS_NAME} at most\nhint: --binary unites all categories to one class`,
    );
  }
  const labels = new Map<string, number[]>();
  groups.forEach((group, i) => group.forEach((name) => labels.set(name, [...labels.get(name) ?? [], i + 1])));
  for (const name of ignored) labels.set(name, [IGNORE]);
  return {
    ...described(classes),
    ignored,
    isPlain: false,
    labelsOf: (category) => {
      if (category === null) return [IGNORE];
      return fixedLabels(category) ?? labels.get(category) ?? [];
    },
  };
}

/** The labels that a name has in every dataset. */
function fixedLabels(name: string): readonly number[] | null {
  return isIgnoreName(name) ? [IGNORE] : isBackgroundName(name) ? [] : null;
}

function described(classes: readonly ClassSpec[]): Pick<ClassTable, "classes" | "names" | "colors"> {
  return { classes, names: classes.map(({ name }) => name), colors: classes.map(({ color }) => color) };
}

function withColors(groups: readonly { name: string; categories: readonly string[] }[]): ClassSpec[] {
  return groups.map(({ name, categories }, i) => ({
    name,
    color: colorToHex(classColor(i % MAX_CLASSES + 1)),
    ...(categories.length === 1 && categories[0] === name ? {} : { categories }),
  }));
}

/** Each union in the place of the first of its categories that is outlined; those without one last. */
function inOrder(outlined: readonly string[], unions: ReadonlyMap<string, readonly string[]>): string[] {
  const all = [...unions];
  const names = outlined.flatMap((name) => {
    const holding = all.flatMap(([union, parts]) => parts.includes(name) ? union : []);
    return holding.length > 0 ? holding : name;
  });
  return [...new Set([...names, ...unions.keys()])];
}

/** `whole=tumor+edema`, with backslashes before separators that belong to a name. */
function parseUnion(text: string, listed: readonly string[]): [name: string, categories: string[]] {
  const at = text.search(/(?<!\\)=/);
  const [name = "", ...parts] = at < 0 ? [] : [
    ...splitNames(text.slice(0, at), "="),
    ...splitNames(text.slice(at + 1), "+"),
  ];
  if (name === "" || parts.length === 0 || parts.includes("")) {
    throw new SyntaxError(
      `Cannot merge ${showValue(text)}: expected NAME=CATEGORY+CATEGORY, such as whole=tumor+edema`,
    );
  }
  return [name, [...new Set(parts.map((part) => findName(part, listed, "merge category")))]];
}

/** The text that {@linkcode parseUnion} reads. */
function unionText(name: string, categories: readonly string[]): string {
  const escaped = [name, ...categories].map((part) => part.replace(/[,+=]/g, "\\$&"));
  return `${escaped[0]}=${escaped.slice(1).join("+")}`;
}

/** The names in a text, trimmed; a separator after a backslash belongs to a name. */
export function splitNames(text: string, separator: "," | "+" | "="): string[] {
  const names = text.split(new RegExp(`(?<!\\\\)\\${separator}`));
  return names.map((name) => name.replace(/\\([,+=])/g, "$1").trim());
}

function findName(name: string, known: readonly string[], action: string): string {
  const found = similar(name, known);
  if (found !== undefined) return found;
  throw new RangeError(
    `Cannot ${action} ${showValue(name)}: the dataset has ${showNames(known)}\nhint: name one of these`,
  );
}

/** The same name, or the only one that differs in case only. */
function similar(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return name;
  const same = known.filter((other) => other.toLowerCase() === name.toLowerCase());
  return same.length === 1 ? same[0] : undefined;
}

/** Most names in a message. */
const SHOWN_NAMES = 20;

/** Names for a message. */
export function showNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
  return names.slice(0, SHOWN_NAMES).map(showValue).join(", ") + more;
}
