/**
 * Recombines COCO annotation files: entries keep all their fields except ids and file names.
 *
 * @module
 */
import { type Entry, isEntry } from "../coco/coco_entries.ts";
import type { NamedImage } from "./names.ts";

/** An image in a new annotation file. */
export interface RenamedImage extends NamedImage {
  /** Its id in the old file. */
  readonly imageId: number;
  /** Its path in the new split's folder. */
  readonly newName: string;
}

/** The entries of one old file. */
interface Source {
  readonly images: ReadonlyMap<unknown, Entry>;
  readonly annotations: ReadonlyMap<unknown, readonly Entry[]>;
  readonly categories: ReadonlyMap<unknown, number>;
  readonly licenses: ReadonlyMap<unknown, number>;
}

/** Collects the annotation files of a dataset, and writes those of new splits of its images. */
export class AnnotationMerger {
  readonly #sources = new Map<string, Source>();
  readonly #categories = new IdTable();
  readonly #licenses = new IdTable();
  #info: Entry = {};

  /** Adds the parsed annotation file of a split, one that `readCoco` accepts. */
  add(split: string, file: unknown): void {
    const root = isEntry(file) ? file : {};
    if (this.#sources.size === 0 && isEntry(root.info)) this.#info = root.info;
    const list = (key: string) => {
      const value = root[key];
      return Array.isArray(value) ? value.filter(isEntry) : [];
    };
    this.#sources.set(split, {
      // Of entries with the same id the first is used, as in `readCoco`.
      images: new Map(list("images").map((image) => [image.id, image] as const).reverse()),
      annotations: Map.groupBy(list("annotations"), (annotation) => annotation.image_id),
      categories: this.#categories.add(list("categories"), (category) => String(category.name)),
      licenses: this.#licenses.add(list("licenses"), ({ id: _, ...license }) => JSON.stringify(license)),
    });
  }

  /**
   * The text of an annotation file that lists these images: ids of images and annotations count from 1, those of
   * categories are the same in every file, and unlisted ones become null. `note` precedes the description.
   */
  textOf(assigned: readonly RenamedImage[], note: string): string {
    const images: Entry[] = [];
    const annotations: Entry[] = [];
    for (const { split, imageId, newName } of assigned) {
      const source = this.#sources.get(split)!;
      const image = source.images.get(imageId)!;
      const id = images.length + 1;
      const license = "license" in image ? { license: source.licenses.get(image.license) ?? null } : {};
      images.push({ ...image, id, file_name: newName, ...license });
      for (const annotation of source.annotations.get(imageId) ?? []) {
        const category_id = source.categories.get(annotation.category_id) ?? null;
        annotations.push({ ...annotation, id: annotations.length + 1, image_id: id, category_id });
      }
    }
    const { description } = this.#info;
    const was = typeof description === "string" && description !== "" ? `: ${description}` : "";
    return `${
      JSON.stringify({
        info: { ...this.#info, description: note + was },
        licenses: this.#licenses.entries,
        categories: this.#categories.entries,
        images,
        annotations,
      })
    }\n`;
  }
}

/** Entries of several files with unique ids; equal entries of two files share an id. */
class IdTable {
  readonly entries: Entry[] = [];
  readonly #identities = new Map<number, string>();

  /** Adds the entries of a file; `identityOf` is an entry without its id. Returns the new ids by old ones. */
  add(entries: readonly Entry[], identityOf: (entry: Entry) => string): Map<unknown, number> {
    const ids = new Map<unknown, number>();
    const known = entries.filter(({ id }, at) =>
      Number.isSafeInteger(id) && entries.findIndex((other) => other.id === id) === at
    );
    const same = ({ id }: Entry, identity: string) => this.#identities.get(id as number) === identity;
    for (const entry of known) if (same(entry, identityOf(entry))) ids.set(entry.id, entry.id as number);
    for (const entry of known) {
      if (ids.has(entry.id)) continue;
      const identity = identityOf(entry);
      const used = new Set(ids.values());
      const equal = [...this.#identities].find(([id, other]) => other === identity && !used.has(id))?.[0];
      const own = entry.id as number;
      const id = equal ?? (this.#identities.has(own) ? Math.max(...this.#identities.keys()) + 1 : own);
      if (equal === undefined) this.entries.push({ ...entry, id });
      this.#identities.set(id, identity);
      ids.set(own, id);
    }
    return ids;
  }
}
