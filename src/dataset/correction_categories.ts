/**
 * The categories of corrections among those of a dataset.
 *
 * @module
 */
import type { CocoId } from "../coco/ids.ts";
import { showValue } from "../coco/problems.ts";
import { FOREGROUND } from "../image/label_map.ts";
import { categoryName, isBackgroundName, isIgnoreName, showNames, similar } from "./class_names.ts";
import type { ClassTable } from "./classes.ts";
import type { Category, SplitListing } from "./dataset_source.ts";

/** The class of a run that names none, as predictions call it. */
const UNNAMED = "foreground";

/** The categories of a split and of corrections, by name. */
export class CorrectionCategories {
  readonly #listed: readonly string[];
  readonly #all: Category[];
  /** The categories that the dataset does not list, and an image that has them. */
  readonly #unknown = new Map<string, string>();

  /** Of a split; `listed` are the names of all splits. */
  constructor({ categories, images }: SplitListing, listed: readonly string[]) {
    // Roboflow lists a name twice, and outlines only one of the two.
    const used = new Set(images.flatMap(({ categoryIds }) => categoryIds));
    this.#all = categories.toSorted((a, b) => Number(used.has(b.id)) - Number(used.has(a.id)));
    this.#listed = listed;
  }

  /** All categories, those of corrections after the split's own. */
  get all(): readonly Category[] {
    return this.#all;
  }

  /** Those that the dataset lists, too. */
  get known(): readonly Category[] {
    return this.#all.filter((category) => !this.#unknown.has(categoryName(category)));
  }

  /** The id of a category; `file` is an image that has it, for messages. */
  idOf(category: string, file: string): CocoId {
    const name = categoryName({ id: 0, name: category });
    // A dataset without categories takes those of its corrections.
    const known = this.#listed.length === 0 ? name : similar(name, this.#listed);
    if (known === undefined && !isIgnoreName(name) && !isBackgroundName(name)) this.#unknown.set(name, file);
    const wanted = known ?? name;
    const found = this.#all.find((each) => categoryName(each) === wanted);
    if (found !== undefined) return found.id;
    const used = new Set(this.#all.map(({ id }) => id));
    let id = this.#all.length + 1;
    while (used.has(id)) id++;
    this.#all.push({ id, name: wanted });
    return id;
  }

  tableFor(table: ClassTable): ClassTable {
    const labels = new Map([...this.#unknown].map(([name, file]) => {
      const same = similar(name, table.names);
      if (same !== undefined) return [name, [table.names.indexOf(same) + 1]];
      if (table.names.length === 1 && name === UNNAMED) return [name, [FOREGROUND]];
      throw new RangeError(
        `Cannot use the correction of ${showValue(file)}: its category ${showValue(name)} is none of the ` +
          `dataset's ${
            showNames(this.#listed)
          }\nhint: rename that category, or unite the dataset's to such a ` +
          `class: --merge ${showValue(`${name}=${this.#listed[0]}`)}`,
      );
    }));
    if (labels.size === 0) return table;
    return {
      ...table,
      labelsOf: (category) =>
        (category === null ? undefined : labels.get(category)) ?? table.labelsOf(category),
    };
  }
}
