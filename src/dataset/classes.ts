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
import { type ClassSpec, MAX_CLASS_NAME, MAX_CLASSES } from "../image/class_spec.ts";
import { FOREGROUND, IGNORE } from "../image/label_map.ts";
import { classColor, colorToHex } from "../image/palette.ts";
import {
  categoryName,
  findName,
  isBackgroundName,
  isIgnoreName,
  parseUnion,
  showNames,
  similar,
  unionText,
} from "./class_names.ts";
import type { Category, SplitListing } from "./dataset_source.ts";

export type { ClassSpec } from "../image/class_spec.ts";
export { MAX_CLASSES } from "../image/class_spec.ts";

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

/** The name of the class that unites all. */
const UNITED = "foreground";

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
  const unions = new Map(merge.map((text) => {
    const [name, parts] = parseUnion(text);
    const found = parts.map((part) => findName(part, categories.listed, "merge category"));
    return [name, [...new Set(found)]];
  }));
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

/** What a run keeps of its classes: `chooseClasses` with these options gives them again. */
export function keptClasses({ classes, ignored }: ClassTable): Pick<ClassOptions, "classes" | "merge"> {
  const unions = classes.flatMap(({ name, categories }) => categories ? unionText(name, categories) : []);
  const merge = [...unions, ...(ignored.length > 0 ? [unionText("ignore", ignored)] : [])];
  return { classes: classes.map(({ name }) => name), ...(merge.length > 0 ? { merge } : {}) };
}

/** The classes, and what is ignored, of {@linkcode keptClasses}, without the dataset. */
export function classesOfRun(
  { classes = [], merge = [] }: Pick<ClassOptions, "classes" | "merge">,
): Pick<ClassTable, "classes" | "ignored"> {
  const unions = new Map(merge.map(parseUnion));
  return {
    classes: withColors(classes.map((name) => ({ name, categories: unions.get(name) ?? [name] }))),
    ignored: [...unions].flatMap(([name, parts]) => isIgnoreName(name) ? parts : []),
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
        "hint: pick some with --classes, unite some with --merge, or all with --binary",
    );
  }
  const long = [...classes.map(({ name }) => name), ...groups.flat(), ...ignored]
    .find((name) => name.length > MAX_CLASS_NAME);
  if (long !== undefined) {
    throw new RangeError(
      `Cannot use category ${showValue(long)}: its name has ${long.length} characters, ` +
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
