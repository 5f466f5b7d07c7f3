/**
 * COCO annotation files taken apart and put together anew: entries keep all that they say, but for ids and file names.
 *
 * @module
 */
import { type Entry, isEntry } from "../coco/coco_entries.ts";
import type { NamedImage } from "./names.ts";

/** An image in a new annotation file. */
export interface RegroupedImage extends NamedImage {
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

/** Collects the annotation files of a dataset's splits, and writes files for other splits of their images. */
export class AnnotationMerger {
  readonly #sources = new Map<string, Source>();
  readonly #categories = new IdTable();
  readonly #licenses = new IdTable();
  #info: Entry = {};

  /** Takes a split's annotation file, parsed: one that `readCoco` has read without an error. */
  add(split: string, file: unknown): void {
    const root = isEntry(file) ? file : {};
    if (this.#sources.size === 0 && isEntry(root.info)) this.#info = root.info;
    const list = (key: string) => {
      const value = root[key];
      return Array.isArray(value) ? value.filter(isEntry) : [];
    };
    this.#sources.set(split, {
      // Of entries with one id the first is taken, as `readCoco` does.
      images: new Map(list("images").map((image) => [image.id, image] as const).reverse()),
      annotations: Map.groupBy(list("annotations"), (annotation) => annotation.image_id),
      categories: this.#categories.add(list("categories"), (category) => String(category.name)),
      licenses: this.#licenses.add(list("licenses"), ({ id: _, ...license }) => JSON.stringify(license)),
    });
  }

  /**
   * The text of an annotation file that lists these images: ids of images and annotations count from 1, those of
   * categories are the same in every file, and unlisted ones become null. `note` goes before the description.
   */
  textOf(assigned: readonly RegroupedImage[], note: string): string {
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

/** Entries of several files with ids that are unique over all; the same thing in two files has one id. */
class IdTable {
  readonly entries: Entry[] = [];
  readonly #identities = new Map<number, string>();

  /** Adds a file's entries; `identityOf` says what they are but for the id. Returns old ids to new ones. */
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
